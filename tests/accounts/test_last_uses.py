"""The last use of access keys."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from openfrs.accounts import last_uses
from openfrs.accounts.last_uses import LastUseRecorder

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Uses:
    """Keeps what is recorded."""

    def __init__(self) -> None:
        self.times = list[datetime]()

    def record_access_key_use(self, _access_key: str, used_at: datetime) -> None:
        self.times.append(used_at)


def test_a_use_is_recorded_once_a_minute_also_after_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    uses: Any = Uses()
    recorder, start = LastUseRecorder(uses), time.monotonic()
    for seconds, now in ((0, NOON), (59, NOON), (60, NOON - timedelta(days=1)), (61, NOON)):
        monkeypatch.setattr("time.monotonic", lambda seconds=seconds: start + seconds)
        monkeypatch.setattr(last_uses, "utc_now", lambda now=now: now)
        recorder.record("key")
    recorder._pool.shutdown()
    assert uses.times == [NOON, NOON - timedelta(days=1)]
