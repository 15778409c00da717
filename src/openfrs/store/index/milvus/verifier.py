"""Whether an index server still holds what it once took."""

import threading
import time
from dataclasses import dataclass
from typing import Final

from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import count_written_since

from . import copies
from .client import Milvus
from .copies import IndexCopy

PATIENCE: Final = 30.0
"""Seconds that a count may be wrong before it is believed: a server that is moving what it holds shows less of it for moments."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A copy that was found wanting, and the moment from which on that counts as a loss."""

    copy: IndexCopy
    loss: float


class Trust:
    """Looks at every copy of a set once after each connection, for that is when a server can have lost something.

    A copy holds every face last written up to its watermark, so at least as many as there are of them.
    """

    def __init__(self, repository: FaceRepository, milvus: Milvus, patience: float = PATIENCE) -> None:
        self._repository = repository
        self._milvus = milvus
        self._patience = patience
        self._lock = threading.Lock()
        self._connection = 0
        self._whole: set[int] = set()
        self._doubts: dict[int, _Doubt] = {}

    def is_whole(self, copy: IndexCopy) -> bool:
        """Whether a copy that serves its set has lost nothing, as far as counting tells.

        Raises:
            MilvusUnavailableError
        """
        connection = self._milvus.connection()
        with self._lock:
            if self._connection == connection and copy.key in self._whole:
                return True
        held = self._milvus.count(copy)
        with self._repository.snapshot() as snapshot:  # after it was counted: what was deleted meanwhile is not missed
            due = count_written_since(snapshot, copy.set_id, 0) - count_written_since(
                snapshot, copy.set_id, copy.applied
            )
            serves = copies.serves(snapshot, copy)
        with self._lock:
            if self._connection != connection:
                self._connection, self._whole = connection, set()
            if serves and held < due:
                self._doubt(copy, held)
                return False
            self._doubts.pop(copy.key, None)
            if serves:
                self._whole.add(copy.key)
        return True  # also where it serves no more: whoever searches in it sees that, too

    def doubt(self, copy: IndexCopy, held: int) -> None:
        """Have a copy looked at again that was seen to hold too few faces."""
        with self._lock:
            self._doubt(copy, held)

    def _doubt(self, copy: IndexCopy, held: int) -> None:
        self._whole.discard(copy.key)
        patience = self._patience if held else 0  # what is empty is not being moved
        self._doubts.setdefault(copy.key, _Doubt(copy, time.monotonic() + patience))

    def lost(self) -> list[IndexCopy]:
        """The copies that were found wanting, still are, and have had the time to be whole again.

        Raises:
            MilvusUnavailableError
        """
        with self._lock:
            doubts = list(self._doubts.values())
        lost = [doubt.copy for doubt in doubts if not self.is_whole(doubt.copy) and time.monotonic() >= doubt.loss]
        with self._lock:
            for copy in lost:
                self._doubts.pop(copy.key, None)
        return lost
