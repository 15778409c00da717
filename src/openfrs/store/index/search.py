"""Search through face sets, exact, by the indexes that are loaded."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from openfrs.core.telemetry.stages import stage
from openfrs.store.faces.changes import TEMPLATE_TYPE
from openfrs.store.faces.models import Face, NewFace
from openfrs.store.faces.predicate import Predicate
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import find_seq, load_faces

from .cache import LoadedIndexes
from .columns import Rows
from .flat import Cosines, TemplateIndex


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


class Scan(Protocol):
    """What finds the nearest faces of a set at one moment of the database."""

    def nearest(
        self, probe: npt.NDArray[np.float32], count: int, predicate: Predicate | None = None
    ) -> tuple[Rows, Cosines]:
        """Sequence numbers and cosines of the nearest faces that a condition holds for; of equals the older first."""

    def holds(self, predicate: Predicate, seq: int) -> bool:
        """Whether a condition holds for a face that was asked for."""


class Galleries:
    """Search through face sets.

    ``memory`` is the bytes that indexes may take; see :class:`LoadedIndexes`. ``at_once`` searches run at the same time, by
    default one a core: more threads than cores would only fight for Python's lock, and all of them together answer less.
    """

    def __init__(
        self, repository: FaceRepository, memory: int, at_once: int | None = None, *, strict: bool = False
    ) -> None:
        self._repository = repository
        self._turns = threading.Semaphore(at_once or os.cpu_count() or 1)
        self._indexes = LoadedIndexes(repository, memory, strict=strict)

    def search(self, set_id: int, probe: npt.NDArray[np.float32], query: Query) -> list[Hit]:
        """The faces of a set nearest to a probe, a unit vector of shape (dimension,); best first.

        Raises:
            SetMissingError: the set was deleted meanwhile.
        """
        with self._turns, self._near(set_id, probe, query) as (snapshot, scan):
            with stage("scan"):
                nearest = scan.nearest(probe, query.count, query.predicate)
            return self._hits(snapshot, *nearest, query)

    def search_like(self, set_id: int, face_id: str, query: Query) -> list[Hit]:
        """The faces nearest to an enrolled one, which comes first itself, with cosine 1, if the condition holds for it.

        Raises:
            SetMissingError: the set was deleted meanwhile.
            FaceMissingError
        """
        with self._turns, self._like(set_id, face_id, query) as (snapshot, scan, seq, probe):
            with stage("scan"):
                seqs, cosines = scan.nearest(probe, query.count, query.predicate)
            if query.predicate is None or seq in seqs or scan.holds(query.predicate, seq):
                others = seqs != seq
                seqs = np.concatenate([[seq], seqs[others]])[: query.count]
                cosines = np.concatenate([np.ones(1, np.float32), cosines[others]])[: query.count]
            return self._hits(snapshot, seqs, cosines, query)

    def window(self, set_id: int, listing: Listing) -> tuple[int, list[Face]]:
        """How many faces a condition holds for, and a window of them in order.

        Raises:
            SetMissingError
        """
        with self._turns, self._listed(set_id) as (snapshot, index):
            seqs = index.arranged(listing.predicate, listing.field, descends=listing.descends)
            chosen = seqs[listing.offset : listing.offset + listing.limit].tolist()
            found = load_faces(snapshot, chosen)
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
            near = self._cosines(connection, set_id, templates)
            strange = [place for place, cosines in enumerate(near) if not np.any(cosines >= cosine)]
            return named(distinct(templates, strange, cosine))

        return self._repository.add_chosen(set_id, choose)

    def delete(self, set_id: int, predicate: Predicate) -> int:
        """Delete the faces that a condition holds for at the moment of the deletion; returns how many.

        Raises:
            SetMissingError
        """

        def choose(connection: Connection) -> list[int]:
            with self._listed_with(connection, set_id) as index:
                found: list[int] = index.matching(predicate).tolist()
                return found

        return self._repository.delete_chosen(set_id, choose)

    def forget(self, set_id: int) -> None:
        """Drop the index of a set that is gone."""
        self._indexes.forget(set_id)

    @property
    def loaded(self) -> dict[int, int]:
        """Bytes of the indexes in memory by set, the one used last at the end."""
        return self._indexes.nbytes

    def _near(
        self,
        set_id: int,
        probe: npt.NDArray[np.float32],  # noqa: ARG002
        query: Query,  # noqa: ARG002
    ) -> AbstractContextManager[tuple[Connection, Scan]]:
        """A snapshot, and what finds a query's faces in it."""
        return self._indexes.level(set_id)

    @contextmanager
    def _like(
        self,
        set_id: int,
        face_id: str,
        query: Query,  # noqa: ARG002
    ) -> Iterator[tuple[Connection, Scan, int, npt.NDArray[np.float32]]]:
        """The same for an enrolled face, with its sequence number and template."""
        with self._indexes.level(set_id) as (snapshot, index):
            seq = find_seq(snapshot, set_id, face_id)
            if seq is None:
                raise FaceMissingError
            yield snapshot, index, seq, index.template(seq)

    def _listed(self, set_id: int) -> AbstractContextManager[tuple[Connection, TemplateIndex]]:
        """A snapshot, and an index of the fields of all faces in it."""
        return self._indexes.level(set_id)

    def _listed_with(self, connection: Connection, set_id: int) -> AbstractContextManager[TemplateIndex]:
        """An index of the fields of all faces that a transaction sees, which has locked the set."""
        return self._indexes.level_with(connection, set_id)

    def _cosines(
        self, connection: Connection, set_id: int, templates: Sequence[npt.NDArray[np.float32]]
    ) -> list[Cosines]:
        """The cosine of the nearest face to each template, if there are faces, as a transaction that has locked the set sees it."""
        with self._indexes.level_with(connection, set_id) as index:
            return [index.nearest(template, 1)[1] for template in templates]

    @staticmethod
    def _hits(snapshot: Connection, seqs: Rows, cosines: Cosines, query: Query) -> list[Hit]:
        near = int(np.count_nonzero(cosines >= query.least_cosine))
        found = seqs[:near].tolist()
        faces = load_faces(snapshot, found)
        return [Hit(faces[seq], cosine) for seq, cosine in zip(found, cosines[:near].tolist(), strict=True)]


def distinct(templates: Sequence[npt.NDArray[np.float32]], places: Sequence[int], cosine: float) -> list[int]:
    """The places of templates that are less alike than ``cosine`` to those kept before them, as they would be once stored."""
    kept: list[int] = []
    for place in places:
        stored = [templates[other].astype(TEMPLATE_TYPE).astype(np.float32) for other in kept]
        if all(float(templates[place] @ template) < cosine for template in stored):
            kept.append(place)
    return kept
