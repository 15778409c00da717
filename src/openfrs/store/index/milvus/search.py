"""Search through face sets on an index server, as exact and as current as with an index in memory.

The server returns the faces of its copy of a set with the highest scores, at the copy's watermark or later, and if almost equal
templates could be missing, those with the highest cosines. *Then* a snapshot of the database is
opened. Faces written after the watermark, up to the snapshot, are scanned in memory. The server's faces that are in the snapshot
and were not written since are scored again with their templates from the database. Processes change the server's copy only after
they commit to the database, so the snapshot contains every such change. The result is therefore that of the snapshot, whether the
copy is behind or ahead of it.

If the server is unavailable, a set that fits into the memory for indexes is searched there.
"""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
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
from openfrs.store.index.flat import TemplateIndex
from openfrs.store.index.ranking import NOBODY, Found, Judge, Neighbours, best, is_complete
from openfrs.store.index.scoring import COSINES, Numbers, Scoring, Vector, scoring_of
from openfrs.store.index.search import Galleries

from .client import MAX_RESULTS, Milvus
from .copies import CopyState, IndexCopy, find_copy, is_serving
from .expressions import expression
from .indexer import Indexer
from .verifier import IndexVerifier

_EXTRA: Final = 32
"""Faces requested beyond the count of the query, since some may have been deleted or may not match the predicate."""

_ROUNDING: Final = 1e-4
"""Largest difference between the server's product of two vectors and the exact one."""

_UNSEARCHED: Final = Found(NOBODY.seqs, math.inf)

OpenSince = Callable[[int], AbstractContextManager[tuple[Connection, TemplateIndex]]]
"""Opens a snapshot or transaction with the index of the faces written after a version."""


class MilvusBackend(IndexBackend):
    """Face sets with an index on a server.

    ``memory`` bounds the bytes of the indexes of recently written faces, and of those used while the server is unavailable.
    """

    searches_per_thread: ClassVar[int] = 4  # most searches wait for the server

    def __init__(
        self,
        repository: FaceRepository,
        milvus: Milvus,
        verifier: IndexVerifier,
        memory: int,
        scoring: Scoring = COSINES,
    ) -> None:
        self.scoring = scoring
        self.indexes = IndexCache(repository, memory, scoring, strict=True)
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

    def best_similarities(self, connection: Connection, set_id: int, templates: Sequence[Vector]) -> list[Numbers]:
        """Search the server's copy once per template."""

        @contextmanager
        def open_since(since: int) -> Iterator[tuple[Connection, TemplateIndex]]:
            with self.indexes.up_to_date_in(connection, set_id, since) as index:
                yield connection, index

        similarities = []
        for template in templates:
            with self._search(set_id, template, Query(1), open_since) as (_, _, neighbours):
                similarities.append(neighbours.similarities)
        return similarities

    @contextmanager
    def _search(
        self, set_id: int, probe: Vector, query: Query, open_since: OpenSince, extra: Sequence[int] = ()
    ) -> Iterator[tuple[Connection, Scan, Neighbours]]:
        """Yield a snapshot, a scan that includes the faces numbered ``extra``, and the neighbours of the probe."""
        judge = Judge(self.scoring, probe, -self.scoring.weight)
        condition = None if query.predicate is None else expression(query.predicate)
        wanted: _Wanted | None = _Wanted(query.count + _EXTRA)
        while wanted is not None and (result := self._search_copy(set_id, probe, wanted, condition)) is not None:
            copy, by_score, by_cosine = result
            with open_since(copy.applied) as (snapshot, latest):
                if not is_serving(snapshot, copy):
                    continue
                seqs = {*by_score.rows.tolist(), *by_cosine.rows.tolist(), *extra}
                scan = _Merged(latest, self._load_candidates(snapshot, set_id, latest, seqs))
                neighbours = _scan(scan, probe, query)
                limits = by_score.limit + judge.bias, by_cosine.limit
                if _is_sufficient(judge, neighbours, query, *limits):
                    yield snapshot, scan, neighbours
                    return
            wanted = wanted.more(by_cosine=_is_sufficient(judge, neighbours, query, limits[0], -1.0))
        MILVUS_BYPASSED.inc()
        try:
            with open_since(0) as (snapshot, whole):
                yield snapshot, whole, _scan(whole, probe, query)
        except TooLargeError:
            raise IndexUnavailableError("Milvus is unavailable and the face set exceeds index_memory") from None

    def _search_copy(
        self, set_id: int, probe: Vector, wanted: "_Wanted", condition: str | None
    ) -> tuple[IndexCopy, Found, Found] | None:
        """Return the serving copy of a set and its faces with the highest scores and cosines, None if the server cannot be used.

        Limits of scores lack the probe's bias.
        """
        with self._repository.snapshot() as snapshot:
            copy = find_copy(snapshot, set_id, CopyState.SERVING)
        if copy is None or copy.dimension != probe.size or copy.scoring != self.scoring.identity:
            return None
        if copy.applied == 0:
            return copy, Found(NOBODY.seqs, -math.inf), _UNSEARCHED
        try:
            if not self._verifier.is_complete(copy):
                return None
            by_score = self._scan_copy(copy, probe, 1, wanted.by_score, condition)
            by_cosine = (
                self._scan_copy(copy, probe, 0, wanted.by_cosine, condition) if wanted.by_cosine else _UNSEARCHED
            )
            return (copy, by_score, by_cosine) if self._verifier.is_complete(copy) else None
        except MilvusUnavailableError:
            return None

    def _scan_copy(
        self, copy: IndexCopy, probe: Vector, bias_factor: float, count: int, condition: str | None
    ) -> Found:
        """Return the faces of a copy with the largest products; the limit is minus infinity if there are no others.

        A server may hold a face twice if it was written twice. It then returns fewer faces than requested although there are more.
        """
        vector = np.append(probe, np.float32(bias_factor)) if copy.scoring else probe
        seqs, products = self._milvus.nearest(copy, vector, count, condition)
        if 2 * seqs.size < count or (count == MAX_RESULTS and seqs.size < count):
            return Found(seqs, -math.inf)
        return Found(seqs, float(products[-1]) + _ROUNDING)

    def _load_candidates(
        self, snapshot: Connection, set_id: int, latest: TemplateIndex, seqs: Collection[int]
    ) -> TemplateIndex:
        """Return an index of the faces that are in the set but not in the index of the latest faces."""
        older = sorted(latest.missing(seqs))
        face_set = load_face_set(snapshot, set_id)
        index = TemplateIndex(face_set.fields, scoring_of(self.scoring, face_set.embedder))
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
    _scoring: Scoring

    @classmethod
    def open(
        cls, url: str, database: Database, repository: FaceRepository, scoring: Scoring = COSINES
    ) -> "MilvusIndex":
        """Return the index on the server at a URL, without connecting.

        Raises:
            OperatorError: the URL is not valid.
        """
        milvus = Milvus(url)
        verifier = IndexVerifier(repository, milvus)
        return cls(milvus, Indexer(database, repository, milvus, verifier, scoring), repository, verifier, scoring)

    def galleries(self, memory: int, threads: int | None = None) -> Galleries:
        """Return search over this index with at most ``memory`` bytes in memory."""
        backend = MilvusBackend(self._repository, self.milvus, self._verifier, memory, self._scoring)
        return Galleries(self._repository, backend, threads)

    def close(self) -> None:
        """Close the connection."""
        self.milvus.close()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Numbers of faces to request from the server by score and by cosine."""

    by_score: int
    by_cosine: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_score", min(self.by_score, MAX_RESULTS))
        object.__setattr__(self, "by_cosine", min(self.by_cosine, MAX_RESULTS))

    def more(self, *, by_cosine: bool) -> "_Wanted | None":
        """Return larger numbers; None if the server cannot return as many."""
        if by_cosine:
            larger = replace(self, by_cosine=4 * self.by_cosine or self.by_score)
        else:
            larger = replace(self, by_score=4 * self.by_score)
        return None if larger == self else larger


class _Merged:
    """Two indexes searched as one; no face is in both."""

    def __init__(self, latest: TemplateIndex, older: TemplateIndex) -> None:
        self._latest = latest
        self._older = older

    def nearest(self, probe: Vector, count: int, predicate: Predicate | None = None) -> Neighbours:
        neighbours = [index.nearest(probe, count, predicate) for index in (self._latest, self._older)]
        return best(Neighbours(*(np.concatenate(parts) for parts in zip(*neighbours, strict=True))), count)

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


def _is_sufficient(judge: Judge, neighbours: Neighbours, query: Query, score: float, cosine: float) -> bool:
    """Check that no face outside the candidates, with at most this score and cosine, can belong to the result."""
    if -math.inf in (score, cosine) or query.count == 0:
        return True
    bound = judge.bound(min(cosine, judge.largest_cosine(score)), score)
    return bound[0] < query.min_similarity or is_complete(neighbours, query.count, bound)
