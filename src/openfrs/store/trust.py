"""Whether an index server still holds what it once took."""

import threading

from . import index_copies, reading
from .faces import FaceRepository
from .index_copies import IndexCopy
from .milvus import Milvus


class Trust:
    """Looks at every copy of a set once after each connection, for that is when a server can have lost something.

    A copy holds every face last written up to its watermark, so at least as many as there are of them.
    """

    def __init__(self, repository: FaceRepository, milvus: Milvus) -> None:
        self._repository = repository
        self._milvus = milvus
        self._lock = threading.Lock()
        self._connection = 0
        self._whole: set[int] = set()
        self._lost: dict[int, IndexCopy] = {}

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
            due = reading.count(snapshot, copy.set_id, 0) - reading.count(snapshot, copy.set_id, copy.applied)
            if not index_copies.serves(snapshot, copy):
                return True  # whoever searches in it sees that, too
        with self._lock:
            if self._connection != connection:
                self._connection, self._whole = connection, set()
            if held >= due:
                self._whole.add(copy.key)
            else:
                self._lost[copy.key] = copy
        return held >= due

    def lost(self) -> list[IndexCopy]:
        """The copies found wanting since this was last asked."""
        with self._lock:
            lost, self._lost = self._lost, {}
            return list(lost.values())
