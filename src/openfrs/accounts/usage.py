"""Requests and errors of a project in the last hour, per minute."""

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from limits.storage import Storage

MINUTES: Final = 60
_EXPIRY: Final = (MINUTES + 1) * 60
_CLIENT_ERRORS: Final = "client-errors"
_SERVER_ERRORS: Final = "server-errors"


@dataclass(frozen=True, slots=True)
class MinuteUsage:
    """The number of requests that ended within a minute, and of those with an error, by whose fault it was."""

    start: datetime
    requests: int
    client_errors: int
    server_errors: int

    @property
    def errors(self) -> int:
        """The number of requests with an error."""
        return self.client_errors + self.server_errors


class UsageCounter:
    """Counts requests in ``storage``, the memory of this process or Redis.

    Requests are counted in memory first, so that they do not wait for ``storage``; :meth:`flush` writes the counts.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._pending: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, project_id: str, status: int) -> None:
        """Count a request that has ended with an HTTP status."""
        minute = int(time.time()) // 60
        with self._lock:
            self._pending[_key(project_id, minute, "requests")] += 1
            if status >= 400:
                self._pending[_key(project_id, minute, _CLIENT_ERRORS if status < 500 else _SERVER_ERRORS)] += 1

    def flush(self) -> None:
        """Write the pending counts to ``storage``. Counts that cannot be written stay pending."""
        with self._lock:
            pending, self._pending = self._pending, Counter()
        try:
            while pending:
                key, count = next(iter(pending.items()))
                self._storage.incr(key, _EXPIRY, amount=count)
                del pending[key]
        finally:
            with self._lock:
                self._pending.update(pending)

    def last_hour(self, project_id: str) -> list[MinuteUsage]:
        """Return the last sixty minutes, the current one last."""
        self.flush()
        now = int(time.time()) // 60
        return [
            MinuteUsage(
                datetime.fromtimestamp(minute * 60, UTC),
                self._storage.get(_key(project_id, minute, "requests")),
                self._storage.get(_key(project_id, minute, _CLIENT_ERRORS)),
                self._storage.get(_key(project_id, minute, _SERVER_ERRORS)),
            )
            for minute in range(now - MINUTES + 1, now + 1)
        ]


def _key(project_id: str, minute: int, metric: str) -> str:
    return f"activity/{project_id}/{minute}/{metric}"
