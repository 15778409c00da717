"""What a project did in the last hour: requests and refusals, minute by minute."""

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from limits.storage import Storage

MINUTES: Final = 60
_EXPIRY: Final = (MINUTES + 1) * 60


@dataclass(frozen=True, slots=True)
class MinuteUsage:
    """The requests that ended within a minute, and how many of them with an error."""

    start: datetime
    requests: int
    errors: int


class UsageCounter:
    """Counts requests where rates are counted: in this process's memory, or for several processes in Redis.

    A request is noted in memory, so that none waits for the counters; :meth:`flush` brings them what was noted since.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._noted: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, project_id: str, *, failed: bool) -> None:
        """A request of a project has ended."""
        minute = int(time.time()) // 60
        with self._lock:
            self._noted[_key(project_id, minute, "requests")] += 1
            if failed:
                self._noted[_key(project_id, minute, "errors")] += 1

    def flush(self) -> None:
        """Bring the counters what was noted; what they do not take is kept for the next time."""
        with self._lock:
            noted, self._noted = self._noted, Counter()
        try:
            while noted:
                key, count = next(iter(noted.items()))
                self._storage.incr(key, _EXPIRY, amount=count)
                del noted[key]
        finally:
            with self._lock:
                self._noted.update(noted)

    def last_hour(self, project_id: str) -> list[MinuteUsage]:
        """The sixty minutes up to the present one, which comes last."""
        self.flush()
        now = int(time.time()) // 60
        return [
            MinuteUsage(
                datetime.fromtimestamp(minute * 60, UTC),
                self._storage.get(_key(project_id, minute, "requests")),
                self._storage.get(_key(project_id, minute, "errors")),
            )
            for minute in range(now - MINUTES + 1, now + 1)
        ]


def _key(project_id: str, minute: int, what: str) -> str:
    return f"activity/{project_id}/{minute}/{what}"
