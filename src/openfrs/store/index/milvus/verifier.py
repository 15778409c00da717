"""Verification that an index server still holds the faces it accepted."""

import threading
import time
from dataclasses import dataclass
from typing import Final

from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import count_written_since

from .client import Milvus
from .copies import IndexCopy, is_serving

GRACE_SECONDS: Final = 30.0
"""Time for which a count may be too low before the copy counts as failed: a server that moves segments briefly reports too few."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A copy with too few faces, and the monotonic time in seconds from which it counts as failed."""

    copy: IndexCopy
    deadline: float


class IndexVerifier:
    """Counts the faces of each copy once per connection, because a server can lose data only between connections.

    A copy holds every face last written up to its watermark, so at least as many faces as there are of those.
    """

    def __init__(self, repository: FaceRepository, milvus: Milvus, grace_seconds: float = GRACE_SECONDS) -> None:
        self._repository = repository
        self._milvus = milvus
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._connection = 0
        self._complete: set[int] = set()
        self._mismatches: dict[int, Mismatch] = {}

    def is_complete(self, copy: IndexCopy) -> bool:
        """Check whether a serving copy has at least the faces it should have. A copy that no longer serves passes.

        Raises:
            MilvusUnavailableError
        """
        connection = self._milvus.connection_number()
        with self._lock:
            if self._connection == connection and copy.key in self._complete:
                return True
        actual = self._milvus.count(copy)
        with self._repository.snapshot() as snapshot:  # after the count, so that faces deleted since are not expected
            expected = count_written_since(snapshot, copy.set_id, 0)
            expected -= count_written_since(snapshot, copy.set_id, copy.applied)
            serving = is_serving(snapshot, copy)
        with self._lock:
            if self._connection != connection:
                self._connection, self._complete = connection, set()
            if serving and actual < expected:
                self._record(copy, actual)
                return False
            self._mismatches.pop(copy.key, None)
            if serving:
                self._complete.add(copy.key)
        return True  # also if it no longer serves: its readers check that themselves

    def report_mismatch(self, copy: IndexCopy, actual: int) -> None:
        """Record that a copy has only ``actual`` faces, which is too few; it is verified again."""
        with self._lock:
            self._record(copy, actual)

    def failed_copies(self) -> list[IndexCopy]:
        """Return the copies that still have too few faces after the grace period, and drop their mismatches.

        Raises:
            MilvusUnavailableError
        """
        with self._lock:
            mismatches = list(self._mismatches.values())
        failed = [
            mismatch.copy
            for mismatch in mismatches
            if not self.is_complete(mismatch.copy) and time.monotonic() >= mismatch.deadline
        ]
        with self._lock:
            for copy in failed:
                self._mismatches.pop(copy.key, None)
        return failed

    def _record(self, copy: IndexCopy, actual: int) -> None:
        self._complete.discard(copy.key)
        grace = self._grace_seconds if actual else 0  # an empty copy is lost, not being moved
        self._mismatches.setdefault(copy.key, Mismatch(copy, time.monotonic() + grace))
