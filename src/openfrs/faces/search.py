"""One-to-many search in a face set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anyio import to_thread

from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.core.geometry import BoundingBox
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.similarity import rounded, unrounded
from openfrs.store.faces.models import Face, FaceSet
from openfrs.store.faces.predicate import FieldDefinitions
from openfrs.store.index.backend import FaceMissingError, Query
from openfrs.store.index.columns import NUMERIC, field_type
from openfrs.store.index.search import Galleries, Hit

from .errors import missing_face, translated_errors
from .face_sets import FaceSets, NamedSet
from .fields import displayed_name
from .filter import parse_filter

_SHORT_FILTER: Final = 500
"""Length up to which a filter is parsed on the event loop."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Options of a search: the ``top_n`` most similar faces that match the filter and reach the threshold are returned.

    ``sort`` only orders the results. As in the API, it is a list of one-pair mappings of a field to ``asc`` or ``desc``, in any
    case.

    ``threshold`` is a similarity, 0..1; None is that of the face set, or 0.
    """

    top_n: int = limits.DEFAULT_TOP_N
    threshold: float | None = None
    filter: str | None = None
    sort: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A face and its similarity to the probe, 0..1."""

    face: Face
    similarity: float


@dataclass(frozen=True, slots=True)
class IdentifiedFace:
    """The position of a face in an image, and the enrolled faces most similar to it, most similar first."""

    box: BoundingBox
    results: tuple[SearchResult, ...]


class Search:
    """Exact one-to-many search."""

    def __init__(self, face_sets: FaceSets, galleries: Galleries, recognizer: Recognizer) -> None:
        self._face_sets = face_sets
        self._galleries = galleries
        self._recognizer = recognizer

    async def by_image(self, named: NamedSet, image: EncodedImage, options: SearchOptions) -> list[SearchResult]:
        """Return the faces most similar to the main face of an image, most similar first unless sorted.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` an invalid filter or sort, ``FRS.0032`` a field to sort by is not numeric,
                ``FRS.0304`` no face, and errors of :meth:`Recognizer.templates`.
        """
        if len(options.filter or "") > _SHORT_FILTER:
            face_set, query, order = await to_thread.run_sync(self._prepare, named, options)
        else:
            face_set, query, order = self._prepare(named, options)
        templates = await self._recognizer.templates(image, main_only=True)
        if not templates:
            raise ServiceError("FRS.0304")

        def nearest() -> list[SearchResult]:
            return _results(self._galleries.search(face_set.id, templates[0].embedding, query), order)

        with translated_errors(named.name):
            return await to_thread.run_sync(nearest)

    async def identify(self, named: NamedSet, image: EncodedImage, options: SearchOptions) -> list[IdentifiedFace]:
        """Return every face of an image, largest first, with the enrolled faces most similar to it. An image may show no face.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` an invalid filter, and errors of :meth:`Recognizer.templates`.
        """
        face_set, query, order = await to_thread.run_sync(self._prepare, named, options)
        templates = await self._recognizer.templates(image, main_only=False)

        def nearest() -> list[IdentifiedFace]:
            return [
                IdentifiedFace(
                    template.box,
                    tuple(_results(self._galleries.search(face_set.id, template.embedding, query), order)),
                )
                for template in templates
            ]

        with translated_errors(named.name):
            return await to_thread.run_sync(nearest)

    async def by_face_id(self, named: NamedSet, face_id: str, options: SearchOptions) -> list[SearchResult]:
        """Return the faces most similar to an enrolled face, which comes first with similarity 1 if it matches the filter.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0403`` no such face, ``FRS.0012`` an invalid filter or sort, ``FRS.0032``.
        """
        return await to_thread.run_sync(self._by_face_id, named, face_id, options)

    def _by_face_id(self, named: NamedSet, face_id: str, options: SearchOptions) -> list[SearchResult]:
        face_set, query, order = self._prepare(named, options)
        try:
            with translated_errors(named.name):
                return _results(self._galleries.search_like(face_set.id, face_id, query), order)
        except FaceMissingError:
            raise missing_face(face_id) from None

    def _prepare(self, named: NamedSet, options: SearchOptions) -> tuple[FaceSet, Query, Mapping[str, bool]]:
        """Return the set, the query and the sort order."""
        face_set = self._face_sets.usable(named)
        predicate = parse_filter(options.filter, face_set.fields) if options.filter else None
        threshold = (face_set.search_threshold or 0.0) if options.threshold is None else options.threshold
        query = Query(options.top_n, unrounded(threshold), predicate)
        return face_set, query, sort_order(options.sort, face_set.fields)


def sort_order(sort: Sequence[Any], definitions: FieldDefinitions) -> Mapping[str, bool]:
    """Return the fields to sort by, most important first, and whether each descends. The last entry of a field counts.

    Raises:
        ServiceError: ``FRS.0012`` an entry is not a one-pair object with ``asc`` or ``desc``, ``FRS.0032`` not a numeric field.
    """
    order: dict[str, bool] = {}
    for item in sort:
        if not isinstance(item, Mapping) or len(item) != 1:
            raise wrong_format("sort", 'must be an array of objects such as {"timestamp": "asc"}')
        ((field, direction),) = item.items()
        if field not in definitions or field_type(definitions, field) not in NUMERIC:
            raise ServiceError("FRS.0032", displayed_name(field))
        direction = direction.lower() if isinstance(direction, str) else ""
        if direction not in ("asc", "desc"):
            raise wrong_format("sort", f"the order of {field} must be asc or desc")
        order.pop(field, None)
        order[field] = direction == "desc"
    return order


def _results(hits: Sequence[Hit], order: Mapping[str, bool]) -> list[SearchResult]:
    results = [SearchResult(hit.face, rounded(hit.similarity)) for hit in hits]
    for field, descending in reversed(list(order.items())):
        results.sort(key=_sort_key(field, descending))
    return results


def _sort_key(field: str, descending: bool) -> Callable[[SearchResult], tuple[bool, float]]:
    """Return a sort key for a field; faces without it come last."""

    def key(result: SearchResult) -> tuple[bool, float]:
        value: Any = result.face.fields.get(field)
        return (True, 0) if value is None else (False, -value if descending else value)

    return key
