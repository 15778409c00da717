"""A cache of indexes in memory, brought up to date with the database on each use.

The database is the source of truth. An index knows the version of its set. Before each use, the rows and tombstones written after
that version and up to the reader's snapshot are applied to it. So an index contains a face as soon as it is added and no longer
once it is deleted, in every process and thread.

An index may be partial: it then holds only the faces written after some version, while another index has the earlier ones.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from readerwriterlock.rwlock import Lockable, RWLockWriteD
from sqlalchemy import Connection

from openfrs.core.telemetry.metrics import INDEX_BYTES, INDEX_FACES, INDEXES
from openfrs.store.faces.changes import Changes
from openfrs.store.faces.models import FaceSet, SetMissingError
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import (
    changes_since,
    count_written_since,
    load_face_set,
    load_version,
    seqs_written_between,
)

from .flat import TemplateIndex
from .scoring import COSINES, Scoring, scoring_of

_MAX_PARTIAL: Final = 4096
"""Number of faces above which a partial index removes the faces that the other index now holds."""

_FIELD_BYTES: Final = 64
"""Minimum size of a face in memory beside its template."""


class TooLargeError(Exception):
    """The index would exceed the memory for indexes."""


@dataclass(slots=True, eq=False)
class _Entry:
    """The index of one set, None until its first use; it holds the faces written after version ``since``."""

    lock: RWLockWriteD = field(default_factory=RWLockWriteD)
    index: TemplateIndex | None = None
    since: int = 0
    embedder: str = ""
    nbytes: int = 0
    users: int = 0

    def current(self, version: int, since: int) -> TemplateIndex | None:
        """Return the index if it is usable, unchanged, for a reader at a version."""
        index = self.index
        if index is None or index.version != version or self.since > since or self.is_oversized(since):
            return None
        return index

    def is_oversized(self, since: int) -> bool:
        """Check whether the index holds too many faces written at or before ``since``."""
        return self.index is not None and self.since < since and len(self.index) > _MAX_PARTIAL


class IndexCache:
    """The indexes of the face sets that this process searches.

    ``memory`` bounds their total bytes. The least recently used index is evicted first, an index in use never. The most recently
    used one is kept whatever its size, unless the bound is ``strict``: then an index that would not fit is not loaded. ``scoring``
    is that of the sets that are searched; others are only listed.
    """

    def __init__(
        self, repository: FaceRepository, memory: int, scoring: Scoring = COSINES, *, strict: bool = False
    ) -> None:
        self._repository = repository
        self._memory = memory
        self._scoring = scoring
        self._strict = strict
        self._entries: dict[int, _Entry] = {}  # the most recently used last
        self._lock = threading.Lock()

    @contextmanager
    def up_to_date(self, set_id: int, since: int = 0) -> Iterator[tuple[Connection, TemplateIndex]]:
        """Open a snapshot of the database and lock the index of the set at the same version.

        The index contains every face written after version ``since``, and possibly earlier ones. The lock is acquired before the
        snapshot, so the index can be behind the snapshot but never ahead of it.

        Raises:
            SetMissingError
            TooLargeError
        """
        with self._use(set_id) as entry:
            with entry.lock.gen_rlock(), self._repository.snapshot() as snapshot:
                if (index := entry.current(self._version(snapshot, set_id), since)) is not None:
                    yield snapshot, index
                    return
            write_lock = entry.lock.gen_wlock()
            write_lock.acquire()
            lock: Lockable = write_lock
            try:
                with self._repository.snapshot() as snapshot:
                    index = self._update(entry, snapshot, set_id, since)
                    lock = write_lock.downgrade()
                    yield snapshot, index
            finally:
                lock.release()

    @contextmanager
    def up_to_date_in(self, connection: Connection, set_id: int, since: int = 0) -> Iterator[TemplateIndex]:
        """Lock the index at the version that a transaction sees, which has locked the set; otherwise as :meth:`up_to_date`."""
        with self._use(set_id) as entry, entry.lock.gen_wlock():
            yield self._update(entry, connection, set_id, since)

    def drop(self, set_id: int) -> None:
        """Drop the index of a deleted set."""
        with self._lock:
            self._entries.pop(set_id, None)
            self._update_metrics()

    @property
    def loaded_bytes(self) -> dict[int, int]:
        """Bytes of the indexes in memory by set, the most recently used last."""
        with self._lock:
            return {set_id: entry.nbytes for set_id, entry in self._entries.items()}

    def _version(self, snapshot: Connection, set_id: int) -> int:
        try:
            return load_version(snapshot, set_id)
        except SetMissingError:
            self.drop(set_id)
            raise

    def _update(self, entry: _Entry, snapshot: Connection, set_id: int, since: int) -> TemplateIndex:
        """Bring an index to the version of a snapshot; the caller holds its write lock."""
        version = self._version(snapshot, set_id)
        if (index := entry.current(version, since)) is not None:
            return index
        face_set = load_face_set(snapshot, set_id)
        if entry.index is None or entry.embedder != face_set.embedder or entry.since > since:
            scoring = scoring_of(self._scoring, face_set.embedder)
            entry.index, entry.embedder = TemplateIndex(face_set.fields, scoring), face_set.embedder
            entry.index.version = entry.since = since
        index = entry.index
        try:
            self._apply_changes(entry, index, snapshot, face_set)
            if entry.is_oversized(since):
                seqs = seqs_written_between(snapshot, set_id, entry.since, since)
                index.apply(Changes.deletions(np.array(seqs, np.int64)))
                entry.since = since
        except BaseException:
            entry.index = None  # the changes are applied in part
            raise
        index.version = version
        return index

    def _apply_changes(self, entry: _Entry, index: TemplateIndex, snapshot: Connection, face_set: FaceSet) -> None:
        templates = self._repository.templates.of_set(snapshot, face_set.id)
        empty = index.version == entry.since and not len(index)
        with closing(changes_since(snapshot, face_set.id, index.version, templates, empty=empty)) as batches:
            for changes in batches:
                if empty and not len(index) and changes.seqs.size:
                    self._reserve(entry, index, snapshot, face_set, changes.templates.shape[1])
                index.apply(changes)
                with self._lock:
                    entry.nbytes = index.nbytes
                    self._evict()

    def _reserve(
        self, entry: _Entry, index: TemplateIndex, snapshot: Connection, face_set: FaceSet, dimension: int
    ) -> None:
        """Allocate memory for all faces that will be read."""
        count = count_written_since(snapshot, face_set.id, entry.since) if entry.since else face_set.face_number
        if self._strict and count * (index.row_bytes(dimension) + _FIELD_BYTES) > self._memory:
            raise TooLargeError
        index.reserve(count, dimension)

    @contextmanager
    def _use(self, set_id: int) -> Iterator[_Entry]:
        """Return the entry of a set, new if there is none, and protect it from eviction until the block ends."""
        with self._lock:
            entry = self._entries.pop(set_id, None) or _Entry()
            self._entries[set_id] = entry
            entry.users += 1
        try:
            yield entry
        finally:
            with self._lock:
                entry.users -= 1
                self._evict()

    def _evict(self) -> None:
        """Drop the least recently used indexes until the others fit; the caller holds the lock."""
        total = sum(entry.nbytes for entry in self._entries.values())
        if total > self._memory:
            for set_id, entry in list(self._entries.items())[:-1]:
                if total > self._memory and not entry.users:
                    total -= entry.nbytes
                    del self._entries[set_id]
        self._update_metrics()

    def _update_metrics(self) -> None:
        """Set the gauges of indexes in memory; the caller holds the lock."""
        indexes = [entry.index for entry in self._entries.values() if entry.index is not None]
        INDEXES.set(len(indexes))
        INDEX_FACES.set(sum(map(len, indexes)))
        INDEX_BYTES.set(sum(entry.nbytes for entry in self._entries.values()))
