"""Search through face sets on an index server, as exact and as current as with an index in memory.

The server returns the nearest faces of its copy of a set, at the copy's watermark or later. *Then* a snapshot of the database is
opened. Faces written after the watermark, up to the snapshot, are scanned in memory. The server's faces that are in the snapshot
and were not written since are scored again with their templates from the database. Processes change the server's copy only after
they commit to the database, so the snapshot contains every such change. The result is therefore that of the snapshot, whether the
copy is behind or ahead of it.

If the server is unavailable, a set that fits into the memory for indexes is searched there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

import numpy as np
from sqlalchemy import Connection

from openfrs.core.telemetry.metrics import MILVUS_BYPASSED
from openfrs.core.telemetry.stages import stage
from openfrs.store.db.base import Database
from openfrs.store.faces.predicate import Predicate
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import find_seq, iter_fields, load_changes, load_face_set, load_version
from openfrs.store.index.backend import FaceMissingError, IndexBackend, Query, Scan, with_face_first
from openfrs.store.index.cache import IndexCache, TooLargeError
from openfrs.store.index.errors import IndexUnavailableError, MilvusUnavailableError
from openfrs.store.index.flat import Cosines, Neighbours, TemplateIndex, Vector, best
from openfrs.store.index.search import Galleries

from .client import MAX_RESULTS, Milvus
from .copies import CopyState, IndexCopy, find_copy, is_serving
from .expressions import expression
from .indexer import Indexer
from .verifier import IndexVerifier

_EXTRA: Final = 32
"""Faces requested beyond the count of the query, since some may have been deleted or may not match the predicate."""

_ROUNDING: Final = 1e-4
"""Largest difference between the server's cosine of two templates and this process's."""

OpenSince = Callable[[int], AbstractContextManager[tuple[Connection, TemplateIndex]]]
"""Opens a snapshot or transaction with the index of the faces written after a version."""


class MilvusBackend(IndexBackend):
    """Face sets with an index on a server.

    ``memory`` bounds the bytes of the indexes of recently written faces, and of those used while the server is unavailable.
    """

    searches_per_thread: ClassVar[int] = 4  # most searches wait for the server

    def __init__(self, repository: FaceRepository, milvus: Milvus, verifier: IndexVerifier, memory: int) -> None:
        self.indexes = IndexCache(repository, memory, strict=True)
        self._repository = repository
        self._milvus = milvus
        self._verifier = verifier

    @contextmanager
    def nearest(self, set_id: int, probe: Vector, query: Query) -> Iterator[tuple[Connection, Neighbours]]:
        """Search the server's copy and merge the faces written since."""
        with self._search(set_id, probe, query, partial(self.indexes.up_to_date, set_id)) as (snapshot, _, neighbours):
            yield snapshot, neighbours

    @contextmanager
    def nearest_to_face(self, set_id: int, face_id: str, query: Query) -> Iterator[tuple[Connection, Neighbours]]:
        """Read the template from the database, then search as :meth:`nearest`."""
        with self._repository.snapshot() as snapshot:
            seq = find_seq(snapshot, set_id, face_id)
            if seq is None:
                load_version(snapshot, set_id)  # raises if the set was deleted, too
                raise FaceMissingError
            templates = self._repository.templates.of_set(snapshot, set_id)
            (template,) = load_changes(snapshot, set_id, [seq], templates).templates
        probe = np.asarray(template, np.float32)
        open_since = partial(self.indexes.up_to_date, set_id)
        with self._search(set_id, probe, query, open_since, [seq]) as (snapshot, scan, neighbours):
            if find_seq(snapshot, set_id, face_id) != seq:
                raise FaceMissingError
            yield snapshot, with_face_first(scan, seq, neighbours, query)

    @contextmanager
    def fields(self, set_id: int) -> Iterator[tuple[Connection, TemplateIndex]]:
        """Read the fields of all faces from the database."""
        with self._repository.snapshot() as snapshot:
            yield snapshot, _load_fields(snapshot, set_id)

    @contextmanager
    def fields_in(self, connection: Connection, set_id: int) -> Iterator[TemplateIndex]:
        """Read the fields of all faces from the database."""
        yield _load_fields(connection, set_id)

    def best_cosines(self, connection: Connection, set_id: int, templates: Sequence[Vector]) -> list[Cosines]:
        """Search the server's copy once per template."""

        @contextmanager
        def open_since(since: int) -> Iterator[tuple[Connection, TemplateIndex]]:
            with self.indexes.up_to_date_in(connection, set_id, since) as index:
                yield connection, index

        cosines = []
        for template in templates:
            with self._search(set_id, template, Query(1), open_since) as (_, _, neighbours):
                cosines.append(neighbours.cosines)
        return cosines

    @contextmanager
    def _search(
        self, set_id: int, probe: Vector, query: Query, open_since: OpenSince, extra: Sequence[int] = ()
    ) -> Iterator[tuple[Connection, Scan, Neighbours]]:
        """Yield a snapshot, a scan that includes the faces numbered ``extra``, and the neighbours of the probe."""
        requested = query.count + _EXTRA
        condition = None if query.predicate is None else expression(query.predicate)
        while (result := self._search_copy(set_id, probe, requested, condition)) is not None:
            copy, candidates = result
            with open_since(copy.applied) as (snapshot, latest):
                if not is_serving(snapshot, copy):
                    continue
                older = self._load_candidates(snapshot, set_id, latest, [*candidates.seqs.tolist(), *extra])
                scan = _Merged(latest, older)
                neighbours = _scan(scan, probe, query)
                if _is_sufficient(candidates, requested, neighbours.cosines, query):
                    yield snapshot, scan, neighbours
                    return
            if requested == MAX_RESULTS:
                break
            requested = min(4 * requested, MAX_RESULTS)
        MILVUS_BYPASSED.inc()
        try:
            with open_since(0) as (snapshot, whole):
                yield snapshot, whole, _scan(whole, probe, query)
        except TooLargeError:
            raise IndexUnavailableError("Milvus is unavailable and the face set exceeds index_memory") from None

    def _search_copy(
        self, set_id: int, probe: Vector, count: int, condition: str | None
    ) -> tuple[IndexCopy, Neighbours] | None:
        """Return the serving copy of a set and its faces nearest to a probe, None if the server cannot be used."""
        with self._repository.snapshot() as snapshot:
            copy = find_copy(snapshot, set_id, CopyState.SERVING)
        if copy is None or copy.dimension != probe.size:
            return None
        if copy.applied == 0:
            return copy, Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        try:
            if not self._verifier.is_complete(copy):
                return None
            candidates = self._milvus.nearest(copy, probe, min(count, MAX_RESULTS), condition)
            return (copy, candidates) if self._verifier.is_complete(copy) else None
        except MilvusUnavailableError:
            return None

    def _load_candidates(
        self, snapshot: Connection, set_id: int, latest: TemplateIndex, seqs: Sequence[int]
    ) -> TemplateIndex:
        """Return an index of the faces that are in the set but not in the index of the latest faces."""
        older = sorted(latest.missing(seqs))
        index = TemplateIndex(load_face_set(snapshot, set_id).fields)
        if older:
            templates = self._repository.templates.of_set(snapshot, set_id)
            index.apply(load_changes(snapshot, set_id, older, templates))
        return index


@dataclass(frozen=True, slots=True)
class MilvusIndex:
    """An index of face sets on a Milvus server: the parts that share a connection and the verification of its copies."""

    milvus: Milvus
    indexer: Indexer
    _repository: FaceRepository
    _verifier: IndexVerifier

    @classmethod
    def open(cls, url: str, database: Database, repository: FaceRepository) -> "MilvusIndex":
        """Return the index on the server at a URL, without connecting.

        Raises:
            OperatorError: the URL is not valid.
        """
        milvus = Milvus(url)
        verifier = IndexVerifier(repository, milvus)
        return cls(milvus, Indexer(database, repository, milvus, verifier), repository, verifier)

    def galleries(self, memory: int, threads: int | None = None) -> Galleries:
        """Return search over this index with at most ``memory`` bytes in memory."""
        backend = MilvusBackend(self._repository, self.milvus, self._verifier, memory)
        return Galleries(self._repository, backend, threads)

    def close(self) -> None:
        """Close the connection."""
        self.milvus.close()


class _Merged:
    """Two indexes searched as one; no face is in both."""

    def __init__(self, latest: TemplateIndex, older: TemplateIndex) -> None:
        self._latest = latest
        self._older = older

    def nearest(self, probe: Vector, count: int, predicate: Predicate | None = None) -> Neighbours:
        neighbours = [index.nearest(probe, count, predicate) for index in (self._latest, self._older)]
        seqs, cosines = (np.concatenate(parts) for parts in zip(*neighbours, strict=True))
        return best(seqs, cosines, count)

    def matches(self, predicate: Predicate, seq: int) -> bool:
        index = self._older if self._latest.missing([seq]) else self._latest
        return index.matches(predicate, seq)


def _scan(scan: Scan, probe: Vector, query: Query) -> Neighbours:
    with stage("scan"):
        return scan.nearest(probe, query.count, query.predicate)


def _load_fields(connection: Connection, set_id: int) -> TemplateIndex:
    """Read the fields of all faces of a set into a temporary index."""
    index = TemplateIndex(load_face_set(connection, set_id).fields)
    with closing(iter_fields(connection, set_id)) as batches:
        for changes in batches:
            index.apply(changes)
    return index


def _is_sufficient(candidates: Neighbours, requested: int, cosines: Cosines, query: Query) -> bool:
    """Check that no face outside the server's candidates can belong to the result.

    A server may hold a face twice if it was written twice. It then returns fewer faces than requested although there are more.
    """
    if 2 * candidates.seqs.size < requested or (requested == MAX_RESULTS and candidates.seqs.size < requested):
        return True
    limit = float(candidates.cosines[-1]) + _ROUNDING
    return query.min_cosine > limit or query.count == 0 or (cosines.size == query.count and cosines[-1] > limit)
