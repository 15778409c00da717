"""Searching a face set for the person in a picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anyio import to_thread

from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import Recognizer
from openfrs.store.faces.models import Face, FaceSet
from openfrs.store.faces.predicate import FieldDefinitions
from openfrs.store.index.backend import FaceMissingError, Query
from openfrs.store.index.columns import NUMERIC, field_type
from openfrs.store.index.search import Galleries, Hit

from .errors import missing_face, translated_errors
from .face_sets import FaceSets
from .fields import displayed_name
from .filter import parse_filter


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What of the most similar faces is wanted: the ``top_n`` of those that pass the filter and reach the threshold.

    ``sort`` is as in the API, one-pair mappings of a field to ``asc`` or ``desc``; it orders those, and chooses none.
    """

    top_n: int = limits.TOP_N
    threshold: float = 0.0
    filter: str | None = None
    sort: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A face and its similarity to the probe, 0..1."""

    face: Face
    similarity: float


class Search:
    """One-to-many search, exact."""

    def __init__(self, face_sets: FaceSets, galleries: Galleries, recognizer: Recognizer) -> None:
        self._face_sets = face_sets
        self._galleries = galleries
        self._recognizer = recognizer

    async def by_image(
        self, project_id: str, set_name: str, image: EncodedImage, options: SearchOptions
    ) -> list[SearchResult]:
        """The faces most like the largest face of a picture, best first unless sorted.

        Raises:
            ServiceError: ``FRS.0302`` no such set, ``FRS.0012`` a bad filter or sort, ``FRS.0032`` sorting by what is no number,
                ``FRS.0304`` no face, and what :meth:`Recognizer.templates` raises.
        """
        face_set, query, order = await to_thread.run_sync(self._prepared, project_id, set_name, options)
        templates = await self._recognizer.templates(image, main_only=True)
        if not templates:
            raise ServiceError("FRS.0304")

        def nearest() -> list[SearchResult]:
            return self._results(self._galleries.search(face_set.id, templates[0].embedding, query), order)

        with translated_errors(set_name):
            return await to_thread.run_sync(nearest)

    async def by_face_id(
        self, project_id: str, set_name: str, face_id: str, options: SearchOptions
    ) -> list[SearchResult]:
        """The faces most like an enrolled one, which comes first itself with similarity 1 if it passes the filter.

        Raises:
            ServiceError: ``FRS.0302`` no such set, ``FRS.0403`` no such face, ``FRS.0012`` a bad filter or sort, ``FRS.0032``.
        """
        return await to_thread.run_sync(self._by_face_id, project_id, set_name, face_id, options)

    def _by_face_id(self, project_id: str, set_name: str, face_id: str, options: SearchOptions) -> list[SearchResult]:
        face_set, query, order = self._prepared(project_id, set_name, options)
        try:
            with translated_errors(set_name):
                return self._results(self._galleries.search_like(face_set.id, face_id, query), order)
        except FaceMissingError:
            raise missing_face(face_id) from None

    def _prepared(
        self, project_id: str, set_name: str, options: SearchOptions
    ) -> tuple[FaceSet, Query, Mapping[str, bool]]:
        """The set, what is asked of it, and the order that is wanted."""
        face_set = self._face_sets.require_usable(project_id, set_name)
        predicate = parse_filter(options.filter, face_set.fields) if options.filter else None
        query = Query(options.top_n, self._recognizer.calibration.cosine(options.threshold), predicate)
        return face_set, query, sort_order(options.sort, face_set.fields)

    def _results(self, hits: Sequence[Hit], order: Mapping[str, bool]) -> list[SearchResult]:
        results = [SearchResult(hit.face, self._recognizer.calibration.similarity(hit.cosine)) for hit in hits]
        for field, descends in reversed(list(order.items())):
            results.sort(key=_by(field, descends))
        return results


def sort_order(sort: Sequence[Any], definitions: FieldDefinitions) -> Mapping[str, bool]:
    """Fields to sort by, the most important first, and whether they descend. Of a field given twice the later counts.

    Raises:
        ServiceError: ``FRS.0012`` not one-pair objects with ``asc`` or ``desc``, ``FRS.0032`` not a numeric field of the set.
    """
    order: dict[str, bool] = {}
    for item in sort:
        if not isinstance(item, Mapping) or len(item) != 1:
            raise wrong_format("sort", 'must be an array of objects such as {"timestamp": "asc"}')
        ((field, direction),) = item.items()
        if field not in definitions or field_type(definitions, field) not in NUMERIC:
            raise ServiceError("FRS.0032", displayed_name(field))
        if direction not in ("asc", "desc"):
            raise wrong_format("sort", f"the order of {field} must be asc or desc")
        order.pop(field, None)
        order[field] = direction == "desc"
    return order


def _by(field: str, descends: bool) -> Callable[[SearchResult], tuple[bool, float]]:
    """A key that puts a field's values in order and faces without one last."""

    def key(one: SearchResult) -> tuple[bool, float]:
        value: Any = one.face.fields.get(field)
        return (True, 0) if value is None else (False, -value if descends else value)

    return key
