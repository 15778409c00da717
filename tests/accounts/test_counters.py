"""Counters in memory."""

import threading

import pytest

from openfrs.accounts.counters import MemoryCounters
from tests.support.waiting import wait_until


def test_expired_counters_are_removed() -> None:
    storage = MemoryCounters()
    storage.acquire_entry("project", limit=5, expiry=1)
    storage.incr("usage", 1)

    def is_empty() -> bool:
        storage.incr("other", 60)  # only a use of the storage starts the removal
        return not storage.events.get("project") and "usage" not in storage.expirations

    wait_until(is_empty)


def test_requests_within_a_second_share_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryCounters()
    wait_until(lambda: not storage.timer.is_alive())
    intervals = list[float]()

    class Timer(threading.Timer):
        def __init__(self, interval: float, function: object) -> None:
            super().__init__(interval, function)  # type: ignore[arg-type]
            intervals.append(interval)

    monkeypatch.setattr(threading, "Timer", Timer)
    for _ in range(20):
        storage.incr("usage", 60)
    assert intervals == [1.0]
