"""The indexes in memory, kept level with the database and within a bound of memory.

The database is the truth. An index knows the version of the set it stands for; before it is used it is brought to the version
that the reader's snapshot shows, from the rows and tombstones written since. So a face just added is in it and a deleted one is
not, in whichever process and thread it is asked.

An index may hold a set's faces only as far as they were written after some version, where another index has those before.
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
from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.faces.models import FaceSet, SetMissingError
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import (
    changes_since,
    count_written_since,
    load_face_set,
    seqs_written_between,
    set_version,
)

from .flat import TemplateIndex

_LONG: Final = 4096
"""Faces beyond which an index of the latest ones lets go of those that another index has by now."""

_FIELD_BYTES: Final = 64
"""What a face takes beside its template, at least."""


class TooLargeError(Exception):
    """The index would not fit into the memory for indexes."""


@dataclass(slots=True, eq=False)
class _Loaded:
    """The index of one set, of the faces written after version ``since``; None until it is first used."""

    lock: RWLockWriteD = field(default_factory=RWLockWriteD)
    index: TemplateIndex | None = None
    since: int = 0
    embedder: str = ""
    nbytes: int = 0
    users: int = 0

    def at(self, version: int, since: int) -> TemplateIndex | None:
        """The index, if there is nothing to be done to it for a reader at a version."""
        index = self.index
        if index is None or index.version != version or self.since > since or self.is_long(since):
            return None
        return index

    def is_long(self, since: int) -> bool:
        """Whether the index holds so many faces that those that nobody asks it for should leave."""
        return self.index is not None and self.since < since and len(self.index) > _LONG


class LoadedIndexes:
    """The indexes of the face sets that this process is asked about.

    ``memory`` is the bytes that they may take. What was used longest ago leaves first; one in use is never taken away, and the
    one used last stays whatever its size, unless the bound is ``strict``: then what would not fit is not loaded.
    """

    def __init__(self, repository: FaceRepository, memory: int, *, strict: bool = False) -> None:
        self._repository = repository
        self._memory = memory
        self._strict = strict
        self._loaded: dict[int, _Loaded] = {}  # the one used last comes last
        self._lock = threading.Lock()

    @contextmanager
    def level(self, set_id: int, since: int = 0) -> Iterator[tuple[Connection, TemplateIndex]]:
        """A snapshot of the database, and the set's index at the very same version, which nobody changes meanwhile.

        It holds every face written after version ``since``, and maybe others. The lock comes before the snapshot: so the index can
        only be behind it, never ahead.

        Raises:
            SetMissingError: the set was deleted meanwhile.
            TooLargeError
        """
        with self._held(set_id) as loaded:
            with loaded.lock.gen_rlock(), self._repository.snapshot() as snapshot:
                if (index := loaded.at(self._version(snapshot, set_id), since)) is not None:
                    yield snapshot, index
                    return
            writing = loaded.lock.gen_wlock()
            writing.acquire()
            lock: Lockable = writing
            try:
                with self._repository.snapshot() as snapshot:
                    index = self._caught_up(loaded, snapshot, set_id, since)
                    lock = writing.downgrade()
                    yield snapshot, index
            finally:
                lock.release()

    @contextmanager
    def level_with(self, connection: Connection, set_id: int, since: int = 0) -> Iterator[TemplateIndex]:
        """The set's index as a transaction sees the set, which it has locked; as :meth:`level` otherwise."""
        with self._held(set_id) as loaded, loaded.lock.gen_wlock():
            yield self._caught_up(loaded, connection, set_id, since)

    def forget(self, set_id: int) -> None:
        """Drop the index of a set that is gone."""
        with self._lock:
            self._loaded.pop(set_id, None)
            self._show()

    @property
    def nbytes(self) -> dict[int, int]:
        """Bytes of the indexes in memory by set, the one used last at the end."""
        with self._lock:
            return {set_id: loaded.nbytes for set_id, loaded in self._loaded.items()}

    def _version(self, snapshot: Connection, set_id: int) -> int:
        try:
            return set_version(snapshot, set_id)
        except SetMissingError:
            self.forget(set_id)
            raise

    def _caught_up(self, loaded: _Loaded, snapshot: Connection, set_id: int, since: int) -> TemplateIndex:
        """An index that is held for writing, at the version of a snapshot."""
        version = self._version(snapshot, set_id)
        if (index := loaded.at(version, since)) is not None:
            return index
        face_set = load_face_set(snapshot, set_id)
        if loaded.index is None or loaded.embedder != face_set.embedder or loaded.since > since:
            loaded.index, loaded.embedder = TemplateIndex(face_set.fields), face_set.embedder
            loaded.index.version = loaded.since = since
        index = loaded.index
        try:
            self._bring_up(loaded, index, snapshot, face_set)
            if loaded.is_long(since):
                settled = seqs_written_between(snapshot, set_id, loaded.since, since)
                index.apply(Changes.deletions(np.array(settled, np.int64)))
                loaded.since = since
        except BaseException:
            loaded.index = None  # half of the changes are in it
            raise
        index.version = version
        return index

    def _bring_up(self, loaded: _Loaded, index: TemplateIndex, snapshot: Connection, face_set: FaceSet) -> None:
        templates = self._repository.templates.of_set(snapshot, face_set.id)
        empty = index.version == loaded.since and not len(index)
        with closing(changes_since(snapshot, face_set.id, index.version, templates, empty=empty)) as pieces:
            for changes in pieces:
                if empty and not len(index) and changes.seqs.size:
                    self._reserve(loaded, index, snapshot, face_set, changes)
                index.apply(changes)
                with self._lock:
                    loaded.nbytes = index.nbytes
                    self._make_room()

    def _reserve(
        self, loaded: _Loaded, index: TemplateIndex, snapshot: Connection, face_set: FaceSet, first: Changes
    ) -> None:
        """Make room for all that is going to be read."""
        dimension = first.templates.shape[1]
        count = count_written_since(snapshot, face_set.id, loaded.since) if loaded.since else face_set.face_number
        if self._strict and count * (dimension * TEMPLATE_TYPE.itemsize + _FIELD_BYTES) > self._memory:
            raise TooLargeError
        index.reserve(count, dimension)

    @contextmanager
    def _held(self, set_id: int) -> Iterator[_Loaded]:
        with self._lock:
            loaded = self._loaded.pop(set_id, None) or _Loaded()
            self._loaded[set_id] = loaded
            loaded.users += 1
        try:
            yield loaded
        finally:
            with self._lock:
                loaded.users -= 1
                self._make_room()

    def _make_room(self) -> None:
        """Drop the indexes used longest ago until the others fit; with the lock held."""
        total = sum(loaded.nbytes for loaded in self._loaded.values())
        if total > self._memory:
            for set_id, loaded in list(self._loaded.items())[:-1]:
                if total > self._memory and not loaded.users:
                    total -= loaded.nbytes
                    del self._loaded[set_id]
        self._show()

    def _show(self) -> None:
        """Tell the metrics what is in memory; with the lock held."""
        indexes = [loaded.index for loaded in self._loaded.values() if loaded.index is not None]
        INDEXES.set(len(indexes))
        INDEX_FACES.set(sum(map(len, indexes)))
        INDEX_BYTES.set(sum(loaded.nbytes for loaded in self._loaded.values()))
