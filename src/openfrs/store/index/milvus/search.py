"""Search through face sets that an index server holds, as exact and as fresh as by an index in memory.

The server finds the nearest of what its copy of a set had at some version, the copy's watermark, or later. *Then* a snapshot of
the database is taken: what was written to the set after the watermark, up to the snapshot, is scanned in memory, and of what the
server found the faces that are in the snapshot and were not written since are scored again, by their templates in the database.
Whoever changed the server's copy meanwhile did so after committing to the database: it is in the snapshot. So the answer is that of
the snapshot, whether the copy is behind it or ahead of it.

Where the server is out of reach, a set that fits into the memory for indexes is searched there.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from openfrs.core.telemetry.metrics import MILVUS_PASSED_OVER
from openfrs.store.db.errors import IndexUnavailableError, MilvusUnavailableError
from openfrs.store.faces.predicate import Predicate
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import find_seq, iter_fields, load_changes, load_face_set, set_version
from openfrs.store.index.cache import TooLargeError
from openfrs.store.index.columns import Rows
from openfrs.store.index.flat import Cosines, TemplateIndex, ordered
from openfrs.store.index.search import FaceMissingError, Galleries, Query, Scan

from . import copies
from .client import MOST, Milvus, Near
from .copies import CopyState, IndexCopy
from .expressions import expression
from .verifier import Trust

_MORE: Final = 32
"""How many more faces than wanted the server is asked for: some may be gone since, or excluded after all."""

_ROUNDING: Final = 1e-4
"""Cosines of the same templates that the server and this process work out are no further apart."""

_WAITING: Final = 4
"""Searches at the same time for each core: most of them wait for the server."""

Level = Callable[[int], AbstractContextManager[tuple[Connection, TemplateIndex]]]
"""A view of the database with the index of what was written after a version."""


class RemoteGalleries(Galleries):
    """Search through face sets of which a server has an index.

    ``memory`` bounds the indexes of what was written lately, and those that stand in for the server.
    """

    def __init__(
        self,
        repository: FaceRepository,
        milvus: Milvus,
        trust: Trust,
        memory: int,
        at_once: int | None = None,
    ) -> None:
        super().__init__(repository, memory, _WAITING * (at_once or os.cpu_count() or 1), strict=True)
        self._milvus = milvus
        self._trust = trust

    @contextmanager
    def _near(self, set_id: int, probe: npt.NDArray[np.float32], query: Query) -> Iterator[tuple[Connection, Scan]]:
        with self._found(set_id, probe, query, partial(self._indexes.level, set_id)) as found:
            yield found

    @contextmanager
    def _like(
        self, set_id: int, face_id: str, query: Query
    ) -> Iterator[tuple[Connection, Scan, int, npt.NDArray[np.float32]]]:
        with self._repository.snapshot() as snapshot:
            seq = find_seq(snapshot, set_id, face_id)
            if seq is None:
                set_version(snapshot, set_id)  # raises where the set is gone, too
                raise FaceMissingError
            templates = self._repository.templates.of_set(snapshot, set_id)
            (template,) = load_changes(snapshot, set_id, [seq], templates).templates
        probe = np.asarray(template, np.float32)
        with self._found(set_id, probe, query, partial(self._indexes.level, set_id), [seq]) as (snapshot, scan):
            if find_seq(snapshot, set_id, face_id) != seq:
                raise FaceMissingError
            yield snapshot, scan, seq, probe

    @contextmanager
    def _listed(self, set_id: int) -> Iterator[tuple[Connection, TemplateIndex]]:
        with self._repository.snapshot() as snapshot:
            yield snapshot, _listed(snapshot, set_id)

    @contextmanager
    def _listed_with(self, connection: Connection, set_id: int) -> Iterator[TemplateIndex]:
        yield _listed(connection, set_id)

    def _cosines(
        self, connection: Connection, set_id: int, templates: Sequence[npt.NDArray[np.float32]]
    ) -> list[Cosines]:
        @contextmanager
        def level(since: int) -> Iterator[tuple[Connection, TemplateIndex]]:
            with self._indexes.level_with(connection, set_id, since) as index:
                yield connection, index

        near = []
        for template in templates:
            with self._found(set_id, template, Query(1), level) as (_, scan):
                near.append(scan.nearest(template, 1)[1])
        return near

    @contextmanager
    def _found(
        self, set_id: int, probe: npt.NDArray[np.float32], query: Query, level: Level, also: Sequence[int] = ()
    ) -> Iterator[tuple[Connection, Scan]]:
        """A view of the database, and what finds a query's faces in it, and knows the faces ``also`` numbered."""
        wanted = query.count + _MORE
        condition = None if query.predicate is None else expression(query.predicate)
        while (asked := self._asked(set_id, probe, wanted, condition)) is not None:
            copy, near = asked
            with level(copy.applied) as (snapshot, latest):
                if not copies.serves(snapshot, copy):
                    continue
                scan = _Merged(latest, self._candidates(snapshot, set_id, latest, [*near.seqs.tolist(), *also]))
                if _is_enough(near, wanted, scan.nearest(probe, query.count, query.predicate)[1], query):
                    yield snapshot, scan
                    return
            if wanted == MOST:
                break
            wanted = min(4 * wanted, MOST)
        MILVUS_PASSED_OVER.inc()
        try:
            with level(0) as (snapshot, whole):
                yield snapshot, whole
        except TooLargeError:
            raise IndexUnavailableError("Milvus is out of reach, and the set does not fit into index_memory") from None

    def _asked(
        self, set_id: int, probe: npt.NDArray[np.float32], count: int, condition: str | None
    ) -> tuple[IndexCopy, Near] | None:
        """What the server found, and in which copy; None if there is none to ask."""
        with self._repository.snapshot() as snapshot:
            copy = copies.of_set(snapshot, set_id, CopyState.SERVING)
        nothing = Near(np.empty(0, np.int64), np.empty(0, np.float32))
        if copy is None or copy.dimension != probe.size:
            return None
        if copy.applied == 0:
            return copy, nothing
        try:
            if not self._trust.is_whole(copy):
                return None
            near = self._milvus.nearest(copy, probe, min(count, MOST), condition)
            return (copy, near) if self._trust.is_whole(copy) else None
        except MilvusUnavailableError:
            return None

    def _candidates(
        self, snapshot: Connection, set_id: int, latest: TemplateIndex, seqs: Sequence[int]
    ) -> TemplateIndex:
        """An index of those of the faces that are in the set and not in the index of the latest."""
        older = sorted(latest.lacking(seqs))
        index = TemplateIndex(load_face_set(snapshot, set_id).fields)
        if older:
            templates = self._repository.templates.of_set(snapshot, set_id)
            index.apply(load_changes(snapshot, set_id, older, templates))
        return index


class _Merged:
    """Two indexes as one; no face is in both."""

    def __init__(self, latest: TemplateIndex, older: TemplateIndex) -> None:
        self._latest = latest
        self._older = older

    def nearest(
        self, probe: npt.NDArray[np.float32], count: int, predicate: Predicate | None = None
    ) -> tuple[Rows, Cosines]:
        found = [index.nearest(probe, count, predicate) for index in (self._latest, self._older)]
        seqs, cosines = (np.concatenate(each) for each in zip(*found, strict=True))
        return ordered(seqs, cosines, count)

    def holds(self, predicate: Predicate, seq: int) -> bool:
        index = self._older if self._latest.lacking([seq]) else self._latest
        return index.holds(predicate, seq)


def _listed(connection: Connection, set_id: int) -> TemplateIndex:
    """An index of the fields of a set's faces, read for one use."""
    index = TemplateIndex(load_face_set(connection, set_id).fields)
    with closing(iter_fields(connection, set_id)) as pieces:
        for changes in pieces:
            index.apply(changes)
    return index


def _is_enough(near: Near, asked: int, cosines: Cosines, query: Query) -> bool:
    """Whether no face that the server did not name can belong to the answer.

    A server may hold a face twice that it was sent twice, and then names fewer than it was asked for though there are more.
    """
    if 2 * near.seqs.size < asked or (asked == MOST and near.seqs.size < asked):
        return True
    beyond = float(near.cosines[-1]) + _ROUNDING
    return query.least_cosine > beyond or query.count == 0 or (cosines.size == query.count and cosines[-1] > beyond)
