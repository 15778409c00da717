"""People of face sets: the faces that share an external image id."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from anyascii import anyascii

from openfrs.core import limits
from openfrs.core.errors import wrong_format
from openfrs.recognition.similarity import rounded, unrounded
from openfrs.store.faces.models import Face, FaceSet
from openfrs.store.faces.people import PeopleRepository, Person, PersonExistsError, PersonMissingError, pair_of
from openfrs.store.faces.predicate import EXTERNAL_IMAGE_ID, And, Equal, Not
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import FaceMissingError, Query
from openfrs.store.index.search import Galleries, Hit

from .errors import translated_errors
from .external_ids import normalised_name
from .face_sets import FaceSets
from .faces import check_external_image_id

MAX_SECONDS: Final = 2.0
"""Time after which a search for duplicates returns what it has found, with the place to continue from."""

_PROBES: Final = 200
"""Faces read at a time."""

_OTHERS: Final = 20
"""Maximum number of other faces that a face is compared with: its nearest."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two faces of different people that are probably one person, with their similarity, 0..1."""

    faces: tuple[Face, Face]
    similarity: float


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Pairs of people, the most similar first, and the number of faces that were searched for.

    ``after`` continues the search; it is None at the end of the set.
    """

    pairs: Sequence[Duplicate]
    searched: int
    after: int | None


class People:
    """The people of face sets."""

    def __init__(
        self,
        face_sets: FaceSets,
        repository: PeopleRepository,
        faces: FaceRepository,
        galleries: Galleries,
    ) -> None:
        self._face_sets = face_sets
        self._repository = repository
        self._faces = faces
        self._galleries = galleries

    def list_page(
        self, project_id: str, set_name: str, text: str, *, offset: int, limit: int
    ) -> tuple[int, list[Person]]:
        """Return the number of people whose id contains a text, and a page of them, those first whose id begins with it.

        Text of any script is transliterated like the names from which ids are derived. Case and separators are ignored.

        Raises:
            ServiceError: ``FRS.0302``
        """
        face_set = self._face_sets.require(project_id, set_name)
        key = search_key(text)
        if text.strip() and not key:
            return 0, []
        return self._repository.list_page(face_set.id, key, offset, limit)

    def merge(self, project_id: str, set_name: str, sources: Sequence[str], target: str) -> int:
        """Give the faces of people the id of another person; return their number.

        Raises:
            ServiceError: ``FRS.0302``; ``FRS.0012`` one of them does not exist, or is merged with itself.
        """
        if not sources or target in sources:
            raise wrong_format("people", "must name other people than the one they are merged into")
        return self._change(
            project_id, set_name, target, lambda set_id: self._repository.merge(set_id, sources, target)
        )

    def rename(self, project_id: str, set_name: str, old: str, new: str) -> int:
        """Give all faces of a person another external image id; return their number.

        Raises:
            ServiceError: ``FRS.0302``; ``FRS.0012`` there is no such person, or the new id is invalid or in use.
        """
        return self._change(project_id, set_name, new, lambda set_id: self._repository.rename(set_id, old, new))

    def split(self, project_id: str, set_name: str, old: str, face_ids: Sequence[str], new: str) -> int:
        """Give some, but not all, faces of a person another external image id; return their number.

        Raises:
            ServiceError: ``FRS.0302``; ``FRS.0012`` these are not some of the person's faces, or the new id is invalid or in use.
        """
        ids = list(dict.fromkeys(face_ids))
        if not ids:
            raise wrong_format("face_ids", "must name faces of the person")
        return self._change(project_id, set_name, new, lambda set_id: self._repository.split(set_id, old, ids, new))

    def set_distinct(self, project_id: str, set_name: str, one: str, other: str) -> None:
        """Remember that two people are different: they are no longer reported as duplicates.

        Raises:
            ServiceError: ``FRS.0302``; ``FRS.0012`` one of them does not exist, or both are the same.
        """
        if one == other:
            raise wrong_format("people", "must name two people")
        face_set = self._face_sets.require(project_id, set_name)
        with translated_errors(set_name), _translated_people():
            self._repository.set_distinct(face_set.id, pair_of(one, other))

    def find_duplicates(
        self, project_id: str, set_name: str, *, threshold: float, after: int, limit: int
    ) -> Duplicates:
        """Return pairs of people with faces of at least a similarity, from the faces after a place in the set.

        It blocks for up to about :data:`MAX_SECONDS`. Each face is compared with those nearest to it in the index.

        Raises:
            ServiceError: ``FRS.0302``; ``FRS.0012`` the set has templates of another embedder.
        """
        face_set = self._face_sets.require_usable(project_id, set_name)
        deadline = time.monotonic() + MAX_SECONDS
        best = dict[tuple[str, str], Duplicate]()
        searched, place = 0, after
        while probes := self._repository.next_faces(face_set.id, place, _PROBES):
            for seq, face_id, person in probes:
                with translated_errors(set_name):
                    self._add(best, self._nearest(face_set, face_id, person, unrounded(threshold)))
                searched, place = searched + 1, seq
                if len(best) >= limit or time.monotonic() > deadline:
                    return Duplicates(_sorted(best), searched, place)
        return Duplicates(_sorted(best), searched, None)

    def _nearest(self, face_set: FaceSet, face_id: str, person: str, similarity: float) -> Iterator[tuple[Face, Hit]]:
        """Yield a face with each near face of a person who is not known to be another one."""
        known = self._repository.distinct_from(face_set.id, person) - {person}
        others = And(tuple(Not(Equal(EXTERNAL_IMAGE_ID, each)) for each in (person, *sorted(known))))
        try:
            hits = self._galleries.search_like(face_set.id, face_id, Query(_OTHERS, similarity, others))
        except FaceMissingError:
            return  # deleted since
        own = self._faces.find_face(face_set.id, face_id) if hits else None
        if own is not None:
            yield from ((own, hit) for hit in hits)

    def _add(self, best: dict[tuple[str, str], Duplicate], found: Iterator[tuple[Face, Hit]]) -> None:
        for own, hit in found:
            pair = pair_of(own.external_image_id, hit.face.external_image_id)
            similarity = rounded(hit.similarity)
            if pair not in best or best[pair].similarity < similarity:
                best[pair] = Duplicate((own, hit.face), similarity)

    def _change(self, project_id: str, set_name: str, external_image_id: str, change: Callable[[int], int]) -> int:
        check_external_image_id(external_image_id)
        face_set = self._face_sets.require(project_id, set_name)
        with translated_errors(set_name), _translated_people():
            return change(face_set.id)


def search_key(text: str) -> str:
    """Return the lower-case letters and digits of a text in its Latin transliteration."""
    latin = anyascii(normalised_name(text)).lower()
    return "".join(each for each in latin if each.isascii() and each.isalnum())[: limits.MAX_EXTERNAL_IMAGE_ID_LENGTH]


def _sorted(best: dict[tuple[str, str], Duplicate]) -> list[Duplicate]:
    return sorted(best.values(), key=lambda duplicate: -duplicate.similarity)


@contextmanager
def _translated_people() -> Iterator[None]:
    try:
        yield
    except PersonMissingError:
        raise wrong_format(
            "external_image_id", "the face set has no such person, or the person not these faces"
        ) from None
    except PersonExistsError:
        raise wrong_format("external_image_id", "the face set has a person with this id; merge the two") from None
