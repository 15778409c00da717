"""The indexes of the face sets this process is asked about, kept level with the database and within a bound of memory.

The database is the truth. An index knows the version of the set it stands for; before every search it is brought to the
version that the search's snapshot shows, from the rows and tombstones written since. So a face just added is found and a
deleted one is not, in whichever process and thread the search runs.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from readerwriterlock.rwlock import Lockable, RWLockWriteD
from sqlalchemy import Connection

from ..telemetry.metrics import INDEX_BYTES, INDEX_FACES, INDEXES
from ..telemetry.stages import stage
from . import reading
from .changes import TEMPLATE_TYPE
from .faces import Face, FaceRepository, NewFace, SetMissingError
from .index import TemplateIndex
from .predicate import Predicate


@dataclass(frozen=True, slots=True)
class Hit:
    """A face found, and the cosine between its template and the probe."""

    face: Face
    cosine: float


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: the ``count`` nearest faces that are near enough and that a condition holds for."""

    count: int
    least_cosine: float = -1.0
    predicate: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A window of a set's faces: those that a condition holds for, by a field's values, or by age where none is given."""

    offset: int
    limit: int
    predicate: Predicate | None = None
    field: str | None = None
    descends: bool = False


class FaceMissingError(Exception):
    """The set has no such face."""


@dataclass(slots=True, eq=False)
class _Gallery:
    """The index of one set; None until it is first used. ``users`` searches and deletions hold it."""

    lock: RWLockWriteD = field(default_factory=RWLockWriteD)
    index: TemplateIndex | None = None
    embedder: str = ""
    nbytes: int = 0
    users: int = 0


class Galleries:
    """The indexes of face sets, and search through them.

    ``memory`` is the bytes that indexes may take. What was used longest ago leaves first; the one used last stays whatever
    its size, and one in use is never taken away. ``at_once`` searches run at the same time, by default one a core: more threads
    than cores would only fight for Python's lock, and all of them together answer less.
    """

    def __init__(self, repository: FaceRepository, memory: int, at_once: int | None = None) -> None:
        self._repository = repository
        self._turns = threading.Semaphore(at_once or os.cpu_count() or 1)
        self._memory = memory
        self._galleries: dict[int, _Gallery] = {}  # the one used last comes last
        self._lock = threading.Lock()

    def search(self, set_id: int, probe: npt.NDArray[np.float32], query: Query) -> list[Hit]:
        """The faces of a set nearest to a probe, a unit vector of shape (dimension,); best first.

        Raises:
            SetMissingError: the set was deleted meanwhile.
        """
        with self._turns, self._level(set_id) as (snapshot, index):
            with stage("scan"):
                nearest = index.nearest(probe, query.count, query.predicate)
            return self._hits(snapshot, *nearest, query)

    def search_like(self, set_id: int, face_id: str, query: Query) -> list[Hit]:
        """The faces nearest to an enrolled one, which comes first itself, with cosine 1, if the condition holds for it.

        Raises:
            SetMissingError: the set was deleted meanwhile.
            FaceMissingError
        """
        with self._turns, self._level(set_id) as (snapshot, index):
            seq = reading.seq(snapshot, set_id, face_id)
            if seq is None:
                raise FaceMissingError
            with stage("scan"):
                seqs, cosines = index.nearest(index.template(seq), query.count, query.predicate)
            if query.predicate is None or seq in seqs or index.holds(query.predicate, seq):
                others = seqs != seq
                seqs = np.concatenate([[seq], seqs[others]])[: query.count]
                cosines = np.concatenate([np.ones(1, np.float32), cosines[others]])[: query.count]
            return self._hits(snapshot, seqs, cosines, query)

    def window(self, set_id: int, listing: Listing) -> tuple[int, list[Face]]:
        """How many faces a condition holds for, and a window of them in order.

        Raises:
            SetMissingError
        """
        with self._turns, self._level(set_id) as (snapshot, index):
            seqs = index.arranged(listing.predicate, listing.field, descends=listing.descends)
            chosen = seqs[listing.offset : listing.offset + listing.limit].tolist()
            found = reading.faces(snapshot, chosen)
            return seqs.size, [found[seq] for seq in chosen]

    def add_distinct(
        self,
        set_id: int,
        templates: Sequence[npt.NDArray[np.float32]],
        cosine: float,
        named: Callable[[Sequence[int]], Sequence[NewFace]],
    ) -> Sequence[NewFace]:
        """Enrol those of the templates that are less alike than ``cosine`` to any in the set and to those before them.

        ``named`` makes faces of the templates at the places it is given. The set is looked at while nobody else can write, so
        of two equal faces added at the same time one is enrolled. Returns what was enrolled.

        Raises:
            SetMissingError, CapacityError, IdTakenError
        """

        def choose(connection: Connection) -> Sequence[NewFace]:
            with self._held(set_id) as gallery, gallery.lock.gen_wlock():
                index = self._caught_up(gallery, connection, set_id)
                near = [index.nearest(template, 1)[1] for template in templates]
            strange = [place for place, cosines in enumerate(near) if not np.any(cosines >= cosine)]
            return named(distinct(templates, strange, cosine))

        return self._repository.add_chosen(set_id, choose)

    def delete(self, set_id: int, predicate: Predicate) -> int:
        """Delete the faces that a condition holds for at the moment of the deletion; returns how many.

        Raises:
            SetMissingError
        """

        def choose(connection: Connection) -> list[int]:
            with self._held(set_id) as gallery, gallery.lock.gen_wlock():
                found: list[int] = self._caught_up(gallery, connection, set_id).matching(predicate).tolist()
                return found

        return self._repository.delete_chosen(set_id, choose)

    def forget(self, set_id: int) -> None:
        """Drop the index of a set that is gone."""
        with self._lock:
            self._galleries.pop(set_id, None)
            self._show()

    @property
    def loaded(self) -> dict[int, int]:
        """Bytes of the indexes in memory by set, the one used last at the end."""
        with self._lock:
            return {set_id: gallery.nbytes for set_id, gallery in self._galleries.items()}

    def _hits(
        self, snapshot: Connection, seqs: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32], query: Query
    ) -> list[Hit]:
        near = int(np.count_nonzero(cosines >= query.least_cosine))
        found = seqs[:near].tolist()
        faces = reading.faces(snapshot, found)
        return [Hit(faces[seq], cosine) for seq, cosine in zip(found, cosines[:near].tolist(), strict=True)]

    @contextmanager
    def _level(self, set_id: int) -> Iterator[tuple[Connection, TemplateIndex]]:
        """A snapshot of the database, and the set's index at the very same version, which nobody changes meanwhile.

        The lock comes before the snapshot: so the index can only be behind it, never ahead.
        """
        with self._held(set_id) as gallery:
            with gallery.lock.gen_rlock(), self._repository.snapshot() as snapshot:
                version = self._version(snapshot, set_id)
                if gallery.index is not None and gallery.index.version == version:
                    yield snapshot, gallery.index
                    return
            writing = gallery.lock.gen_wlock()
            writing.acquire()
            lock: Lockable = writing
            try:
                with self._repository.snapshot() as snapshot:
                    index = self._caught_up(gallery, snapshot, set_id)
                    lock = writing.downgrade()
                    yield snapshot, index
            finally:
                lock.release()

    def _version(self, snapshot: Connection, set_id: int) -> int:
        try:
            return reading.version(snapshot, set_id)
        except SetMissingError:
            self.forget(set_id)
            raise

    def _caught_up(self, gallery: _Gallery, snapshot: Connection, set_id: int) -> TemplateIndex:
        """The index of a gallery that is held for writing, at the version of a snapshot."""
        version = self._version(snapshot, set_id)
        if gallery.index is not None and gallery.index.version == version:
            return gallery.index
        face_set = reading.described(snapshot, set_id)
        if gallery.index is None or gallery.embedder != face_set.embedder:
            gallery.index, gallery.embedder = TemplateIndex(face_set.fields), face_set.embedder
        index = gallery.index
        try:
            templates = self._repository.templates.of_set(snapshot, set_id)
            with closing(reading.changes(snapshot, set_id, index.version, templates)) as pieces:
                for changes in pieces:
                    if not index.version and changes.seqs.size:
                        index.reserve(face_set.face_number, changes.templates.shape[1])
                    index.apply(changes)
                    with self._lock:
                        gallery.nbytes = index.nbytes
                        self._make_room()
        except BaseException:
            gallery.index = None  # half of the changes are in it
            raise
        index.version = version
        return index

    @contextmanager
    def _held(self, set_id: int) -> Iterator[_Gallery]:
        with self._lock:
            gallery = self._galleries.pop(set_id, None) or _Gallery()
            self._galleries[set_id] = gallery
            gallery.users += 1
        try:
            yield gallery
        finally:
            with self._lock:
                gallery.users -= 1
                self._make_room()

    def _make_room(self) -> None:
        """Drop the indexes used longest ago until the others fit; with the lock held."""
        total = sum(gallery.nbytes for gallery in self._galleries.values())
        if total > self._memory:
            for set_id, gallery in list(self._galleries.items())[:-1]:
                if total > self._memory and not gallery.users:
                    total -= gallery.nbytes
                    del self._galleries[set_id]
        self._show()

    def _show(self) -> None:
        """Tell the metrics what is in memory; with the lock held."""
        indexes = [gallery.index for gallery in self._galleries.values() if gallery.index is not None]
        INDEXES.set(len(indexes))
        INDEX_FACES.set(sum(map(len, indexes)))
        INDEX_BYTES.set(sum(gallery.nbytes for gallery in self._galleries.values()))


def distinct(templates: Sequence[npt.NDArray[np.float32]], places: Sequence[int], cosine: float) -> list[int]:
    """The places of templates that are less alike than ``cosine`` to those kept before them, as they would be once stored."""
    kept: list[int] = []
    for place in places:
        stored = [templates[other].astype(TEMPLATE_TYPE).astype(np.float32) for other in kept]
        if all(float(templates[place] @ template) < cosine for template in stored):
            kept.append(place)
    return kept
