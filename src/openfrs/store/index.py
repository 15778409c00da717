"""Exact search: the templates of a face set in memory, scanned whole, kept level with the database.

The database is the truth. An index knows the version of the set it stands for; before every search it is brought to the
version that the search's snapshot shows, from the rows and tombstones written since. So a face just added is found and a
deleted one is not, in whichever process and thread the search runs.
"""

import threading
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt
from readerwriterlock.rwlock import RWLockWrite

from .faces import Changes, Face, FaceRepository, SetMissingError


@dataclass(frozen=True, slots=True)
class Hit:
    """A face found, and the cosine between its template and the probe."""

    face: Face
    cosine: float


class TemplateIndex:
    """Templates of one face set, scanned exactly.

    Rows lie in insertion order. Half precision as in the database, so the scan sees the very numbers that are stored;
    products are summed in single precision.
    """

    def __init__(self, dimension: int) -> None:
        self.version = 0
        self._seqs = np.empty(0, np.int64)
        self._codes = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)

    def __len__(self) -> int:
        return int(self._seqs.size)

    def apply(self, changes: Changes) -> None:
        """Bring the index to ``changes.version``."""
        gone = np.flatnonzero(np.isin(self._seqs, changes.deleted, assume_unique=True))
        if gone.size:
            self._codes.remove_ids(faiss.IDSelectorBatch(gone))
            self._seqs = np.delete(self._seqs, gone)
        newest = self._seqs[-1] if self._seqs.size else -1
        new = changes.written > newest  # the other rows had their fields changed, which the index does not hold
        if new.any():
            self._codes.add_sa_codes(np.ascontiguousarray(changes.templates[new]).view(np.uint8))
            self._seqs = np.concatenate([self._seqs, changes.written[new]])
        self.version = changes.version

    def nearest(
        self, probe: npt.NDArray[np.float32], count: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Sequence numbers and cosines of the nearest templates, best first, the older one first where they are equal."""
        if not len(self) or count == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        faiss.omp_set_num_threads(1)  # per calling thread: parallelism is across requests
        cosines, places = self._codes.search(probe[None], min(count, len(self)))
        seqs = self._seqs[places[0]]
        order = np.lexsort([seqs, -cosines[0]])
        return seqs[order], cosines[0][order]


class Galleries:
    """The indexes of the sets this process has been asked about, and search through them."""

    def __init__(self, repository: FaceRepository, dimension: int) -> None:
        self._repository = repository
        self._dimension = dimension
        self._entries: dict[int, tuple[RWLockWrite, TemplateIndex]] = {}
        self._lock = threading.Lock()

    def search(self, set_id: int, probe: npt.NDArray[np.float32], *, count: int, least_cosine: float) -> list[Hit]:
        """The faces of a set nearest to a probe, a unit vector of shape (dimension,); best first.

        Raises:
            SetMissingError: the set was deleted meanwhile.
        """
        lock, index = self._entry(set_id)
        repository = self._repository
        while True:
            with repository.snapshot() as snapshot:
                try:
                    version = repository.version(snapshot, set_id)
                except SetMissingError:
                    self.forget(set_id)
                    raise
                if index.version < version:
                    with lock.gen_wlock():
                        if index.version < version:
                            since = index.version
                            index.apply(repository.changes(snapshot, set_id, since, version, self._dimension))
                with lock.gen_rlock():
                    if index.version != version:
                        continue  # another search has brought the index past this snapshot: look again
                    seqs, cosines = index.nearest(probe, count)
                kept = cosines >= least_cosine
                faces = repository.faces(snapshot, seqs[kept].tolist())
                found = zip(seqs[kept].tolist(), cosines[kept].tolist(), strict=True)
                return [Hit(faces[seq], cosine) for seq, cosine in found]

    def forget(self, set_id: int) -> None:
        """Drop the index of a set that is gone."""
        with self._lock:
            self._entries.pop(set_id, None)

    def _entry(self, set_id: int) -> tuple[RWLockWrite, TemplateIndex]:
        with self._lock:
            if set_id not in self._entries:
                self._entries[set_id] = RWLockWrite(), TemplateIndex(self._dimension)
            return self._entries[set_id]
