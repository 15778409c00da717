"""The index that searches use: its interface, and the implementation in memory."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

import numpy as np
from sqlalchemy import Connection

from openfrs.core.telemetry.stages import stage
from openfrs.store.faces.models import Face
from openfrs.store.faces.predicate import EXTERNAL_IMAGE_ID, Equal, Not, Predicate
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import find_seq

from .cache import IndexCache
from .flat import TemplateIndex
from .ranking import Neighbours
from .scoring import COSINES, Numbers, Scoring, Vector


@dataclass(frozen=True, slots=True)
class Query:
    """The ``count`` most similar faces with at least ``min_similarity``, not rounded, that match a predicate."""

    count: int
    min_similarity: float = -math.inf
    predicate: Predicate | None = None


Person = tuple[int, Face]
"""A face that stands for a person, with its sequence number."""

_LOCKED_SECONDS: Final = 0.05
"""Time for which the scans for many people may keep an index from being updated."""


class FaceMissingError(Exception):
    """The face set has no such face."""


class Scan(Protocol):
    """The faces of a set in one snapshot, ready to be scanned."""

    def nearest(self, probe: Vector, count: int, predicate: Predicate | None = None) -> Neighbours:
        """Return the most similar faces that match a predicate, as :meth:`TemplateIndex.nearest`."""

    def matches(self, predicate: Predicate, seq: int) -> bool:
        """Check whether a face matches a predicate."""


class IndexBackend(ABC):
    """An index of face sets.

    The result of each context manager is consistent with one snapshot of the database, and valid until the block ends. Reads of
    a set that was deleted raise :class:`~openfrs.store.faces.models.SetMissingError`.
    """

    searches_per_thread: ClassVar[int] = 1
    """Concurrent searches for each thread."""

    scoring: Scoring
    """Defines the similarity of templates."""

    indexes: IndexCache
    """The indexes that this process holds in memory."""

    @abstractmethod
    def nearest(
        self, set_id: int, probe: Vector, query: Query
    ) -> AbstractContextManager[tuple[Connection, Neighbours]]:
        """Open a snapshot and search it for the faces nearest to a probe, a unit vector of shape (dimension,)."""

    @abstractmethod
    def nearest_to_face(
        self, set_id: int, face_id: str, query: Query
    ) -> AbstractContextManager[tuple[Connection, Neighbours]]:
        """Search for the faces nearest to an enrolled one, which comes first itself if it matches the predicate.

        Raises:
            FaceMissingError
        """

    @abstractmethod
    def fields(self, set_id: int) -> AbstractContextManager[tuple[Connection, TemplateIndex]]:
        """Open a snapshot with an index of the fields of all faces in it; its templates may be empty."""

    @abstractmethod
    def fields_in(self, connection: Connection, set_id: int) -> AbstractContextManager[TemplateIndex]:
        """Return an index of the fields of all faces as seen by a transaction that has locked the set."""

    @abstractmethod
    def best_similarities(self, connection: Connection, set_id: int, templates: Sequence[Vector]) -> list[Numbers]:
        """Return the similarity of the nearest face to each template, as seen by a transaction that has locked the set.

        Each array has one element, or none if the set is empty.
        """

    def best_impostors(
        self,
        set_id: int,
        people: Sequence[Person],
        deadline: float,  # noqa: ARG002  # one search is the least
    ) -> tuple[int, list[float]]:
        """Return for some of the first of these people the highest similarity to a face of another person, and their number.

        Faces that were deleted or have no others are left out. The search ends soon after ``deadline``, a monotonic time.
        """
        _, face = people[0]
        others = Not(Equal(EXTERNAL_IMAGE_ID, face.external_image_id))
        try:
            with self.nearest_to_face(set_id, face.face_id, Query(1, predicate=others)) as (_, neighbours):
                return 1, neighbours.similarities.tolist()
        except FaceMissingError:
            return 1, []


class MemoryBackend(IndexBackend):
    """Whole face sets in the memory of this process.

    ``memory`` bounds the bytes of the indexes.
    """

    def __init__(self, repository: FaceRepository, memory: int, scoring: Scoring = COSINES) -> None:
        self.scoring = scoring
        self.indexes = IndexCache(repository, memory, scoring)

    @contextmanager
    def nearest(self, set_id: int, probe: Vector, query: Query) -> Iterator[tuple[Connection, Neighbours]]:
        """Scan the up-to-date index."""
        with self.indexes.up_to_date(set_id) as (snapshot, index):
            with stage("scan"):
                neighbours = index.nearest(probe, query.count, query.predicate)
            yield snapshot, neighbours

    @contextmanager
    def nearest_to_face(self, set_id: int, face_id: str, query: Query) -> Iterator[tuple[Connection, Neighbours]]:
        """Scan the up-to-date index with the template it holds."""
        with self.indexes.up_to_date(set_id) as (snapshot, index):
            seq = find_seq(snapshot, set_id, face_id)
            if seq is None:
                raise FaceMissingError
            with stage("scan"):
                neighbours = index.nearest(index.template(seq), query.count, query.predicate)
            yield snapshot, with_face_first(index, seq, neighbours, query)

    def fields(self, set_id: int) -> AbstractContextManager[tuple[Connection, TemplateIndex]]:
        """Return the up-to-date index."""
        return self.indexes.up_to_date(set_id)

    def fields_in(self, connection: Connection, set_id: int) -> AbstractContextManager[TemplateIndex]:
        """Return the index as the transaction sees the set."""
        return self.indexes.up_to_date_in(connection, set_id)

    def best_impostors(self, set_id: int, people: Sequence[Person], deadline: float) -> tuple[int, list[float]]:
        """Scan one up-to-date index for many people, but not for long: writers wait until it is released."""
        deadline = min(deadline, time.monotonic() + _LOCKED_SECONDS)
        best, done = [], 0
        with self.indexes.up_to_date(set_id) as (_, index):
            for person in people:
                best += _best_impostor(index, person)
                done += 1
                if time.monotonic() > deadline:
                    break
        return done, best

    def best_similarities(self, connection: Connection, set_id: int, templates: Sequence[Vector]) -> list[Numbers]:
        """Scan the index once per template."""
        with self.indexes.up_to_date_in(connection, set_id) as index:
            return [index.nearest(template, 1).similarities for template in templates]


def _best_impostor(index: TemplateIndex, person: Person) -> list[float]:
    seq, face = person
    if index.missing([seq]):
        return []
    others = Not(Equal(EXTERNAL_IMAGE_ID, face.external_image_id))
    best: list[float] = index.nearest(index.template(seq), 1, others).similarities.tolist()
    return best


def with_face_first(scan: Scan, seq: int, neighbours: Neighbours, query: Query) -> Neighbours:
    """Put an enrolled face first, with similarity and score 1, if it matches the predicate of the query."""
    if query.predicate is not None and seq not in neighbours.seqs and not scan.matches(query.predicate, seq):
        return neighbours
    others = neighbours.seqs != seq
    seqs, similarities, scores = (
        np.concatenate([[first], values[others]])[: query.count]
        for first, values in zip((seq, 1.0, 1.0), neighbours, strict=True)
    )
    return Neighbours(seqs, similarities, scores)
