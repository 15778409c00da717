"""Exact search through face sets."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from openfrs.store.faces.changes import TEMPLATE_TYPE
from openfrs.store.faces.models import Face, NewFace
from openfrs.store.faces.predicate import EXTERNAL_IMAGE_ID, Predicate
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import load_faces

from .backend import IndexBackend, MemoryBackend, Query
from .ranking import Neighbours
from .scoring import COSINES, Scoring, Vector, similarities_to


@dataclass(frozen=True, slots=True)
class Hit:
    """A face and the similarity of its template to the probe, not rounded."""

    face: Face
    similarity: float


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the faces of a set that match a predicate, sorted by a field or, without one, by age."""

    offset: int
    limit: int
    predicate: Predicate | None = None
    field: str | None = None
    descending: bool = False


class Galleries:
    """Search through face sets.

    ``threads`` is the number of threads to use, by default one per core: more threads than cores would compete for Python's
    global interpreter lock, and total throughput would drop.
    """

    def __init__(self, repository: FaceRepository, backend: IndexBackend, threads: int | None = None) -> None:
        self._repository = repository
        self._backend = backend
        self._slots = threading.Semaphore(backend.searches_per_thread * (threads or os.cpu_count() or 1))

    @classmethod
    def in_memory(
        cls, repository: FaceRepository, memory: int, threads: int | None = None, scoring: Scoring = COSINES
    ) -> "Galleries":
        """Return search with indexes in memory of at most ``memory`` bytes."""
        return cls(repository, MemoryBackend(repository, memory, scoring), threads)

    def search(self, set_id: int, probe: Vector, query: Query) -> list[Hit]:
        """Return the faces of a set nearest to a probe, a unit vector of shape (dimension,); best first.

        Raises:
            SetMissingError
        """
        with self._slots, self._backend.nearest(set_id, probe, query) as (snapshot, neighbours):
            return _hits(snapshot, neighbours, query)

    def search_like(self, set_id: int, face_id: str, query: Query) -> list[Hit]:
        """Return the faces nearest to an enrolled one, which comes first itself, with similarity 1, if it matches the predicate.

        Raises:
            SetMissingError
            FaceMissingError
        """
        with self._slots, self._backend.nearest_to_face(set_id, face_id, query) as (snapshot, neighbours):
            return _hits(snapshot, neighbours, query)

    def list_faces(self, set_id: int, listing: Listing) -> tuple[int, list[Face]]:
        """Return the number of faces that match the predicate, and a page of them in order.

        Raises:
            SetMissingError
        """
        with self._slots, self._backend.fields(set_id) as (snapshot, index):
            seqs = index.sorted_seqs(listing.predicate, listing.field, descending=listing.descending)
            page = seqs[listing.offset : listing.offset + listing.limit].tolist()
            faces = load_faces(snapshot, page)
            return seqs.size, [faces[seq] for seq in page]

    def best_impostors(self, set_id: int, count: int, seconds: float) -> list[float]:
        """Return for one face of each of at most ``count`` people the highest similarity to a face of another person.

        People differ in external image id. Each is equally likely, and the same are chosen until the set changes. No more are
        searched for after ``seconds``.

        Raises:
            SetMissingError
        """
        deadline = time.monotonic() + seconds
        with self._slots, self._backend.fields(set_id) as (snapshot, index):
            seqs = np.random.default_rng(0).permutation(index.first_of_each(EXTERNAL_IMAGE_ID))[:count].tolist()
            faces = load_faces(snapshot, seqs)
        people, best = [(seq, faces[seq]) for seq in seqs], list[float]()
        while people:
            with self._slots:
                done, found = self._backend.best_impostors(set_id, people, deadline)
            people, best = people[done:], best + found
            if time.monotonic() > deadline:
                break
        return best

    def add_distinct(
        self,
        set_id: int,
        templates: Sequence[Vector],
        similarity: float,
        make_faces: Callable[[Sequence[int]], Sequence[NewFace]],
    ) -> Sequence[NewFace]:
        """Enrol the templates whose similarity to every face in the set, and to every template before them, is below a limit.

        ``make_faces`` receives the positions of those templates. The set is searched inside the write transaction, so of two
        equal faces added at the same time only one is enrolled. Returns the faces enrolled.

        Raises:
            SetMissingError, CapacityError, IdTakenError
        """

        def choose(connection: Connection) -> Sequence[NewFace]:
            best = self._backend.best_similarities(connection, set_id, templates)
            new = [position for position, similarities in enumerate(best) if not np.any(similarities >= similarity)]
            return make_faces(distinct(templates, new, similarity, self._backend.scoring))

        return self._repository.add_chosen(set_id, choose)

    def delete(self, set_id: int, predicate: Predicate) -> int:
        """Delete the faces that match a predicate inside the write transaction; return their number.

        Raises:
            SetMissingError, HeldError
        """

        def choose(connection: Connection) -> list[int]:
            with self._backend.fields_in(connection, set_id) as index:
                seqs: list[int] = index.matching(predicate).tolist()
                return seqs

        return self._repository.delete_chosen(set_id, choose)

    def drop(self, set_id: int) -> None:
        """Drop the index of a deleted set."""
        self._backend.indexes.drop(set_id)

    @property
    def loaded_bytes(self) -> dict[int, int]:
        """Bytes of the indexes in memory by set, the most recently used last."""
        return self._backend.indexes.loaded_bytes


def _hits(snapshot: Connection, neighbours: Neighbours, query: Query) -> list[Hit]:
    count = int(np.count_nonzero(neighbours.similarities >= query.min_similarity))
    seqs, similarities = neighbours.seqs[:count].tolist(), neighbours.similarities[:count].tolist()
    faces = load_faces(snapshot, seqs)
    return [Hit(faces[seq], similarity) for seq, similarity in zip(seqs, similarities, strict=True)]


def distinct(templates: Sequence[Vector], positions: Sequence[int], similarity: float, scoring: Scoring) -> list[int]:
    """Return the positions of templates whose similarity to every template kept before them is below a limit.

    The templates kept are compared in half precision, as they will be stored.
    """
    kept: list[int] = []
    stored = np.empty((len(positions), len(templates[0]) if templates else 0), TEMPLATE_TYPE)
    for position in positions:
        if not np.any(similarities_to(scoring, stored[: len(kept)], templates[position]) >= similarity):
            stored[len(kept)] = templates[position]
            kept.append(position)
    return kept
