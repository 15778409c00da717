"""Faces of a set: enrolling, listing, changing, deleting."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from anyio import to_thread

from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import FaceTemplate, Recognizer
from openfrs.store.faces.models import CapacityError, Face, FaceSet, Match, NewFace
from openfrs.store.faces.predicate import EXTERNAL_IMAGE_ID, Equal, FieldValue
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.columns import field_type
from openfrs.store.index.search import Galleries, Listing

from .dry_run import DryRun
from .errors import missing_face, translated_errors
from .face_sets import FaceSets
from .fields import check_values, displayed_name, new_public_ids, parse_value, retry_with_new_ids
from .filter import parse_filter
from .policies import Policy, Reason, judge_faces

NewIds = Callable[[int], Sequence[str]]
"""Ids for so many new faces."""

_EXTERNAL_IMAGE_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{limits.EXTERNAL_IMAGE_ID_LENGTH}}}")


class Faces:
    """The faces of face sets."""

    def __init__(
        self, face_sets: FaceSets, repository: FaceRepository, galleries: Galleries, recognizer: Recognizer
    ) -> None:
        self._face_sets = face_sets
        self._repository = repository
        self._galleries = galleries
        self._recognizer = recognizer

    async def add(
        self,
        project_id: str,
        set_name: str,
        image: EncodedImage,
        *,
        external_image_id: str | None,
        fields: Mapping[str, Any],
        single: bool,
        new_ids: NewIds = new_public_ids,
    ) -> tuple[FaceSet, list[Face]]:
        """Enrol every face of a picture, or only the largest, that meets the set's policy; all of them or none.

        ``new_ids`` gives ids for so many faces.

        Raises:
            ServiceError: ``FRS.0302`` no such set, ``FRS.0404`` no face or none that meets the policy, ``FRS.0405/0406`` bad
                fields, ``FRS.0012`` a bad id or the set is full, ``FRS.0020`` the policy needs a weight that is not there, and
                what :meth:`Recognizer.templates` raises.
            IdTakenError: ``new_ids`` gives none that is free.
        """
        new = await self._examined(project_id, set_name, image, external_image_id, fields, single=single)
        faces = await to_thread.run_sync(self._enrol, *new, external_image_id, new_ids)
        return new[0], faces

    async def dry_run(
        self,
        project_id: str,
        set_name: str,
        image: EncodedImage,
        *,
        external_image_id: str | None,
        fields: Mapping[str, Any],
        single: bool,
        dry_run: DryRun,
    ) -> int:
        """How many faces :meth:`add` would enrol after those of the ``dry_run`` so far; nothing is written.

        Raises:
            ServiceError: as :meth:`add`, unless the set is full.
        """
        face_set, templates, _ = await self._examined(
            project_id, set_name, image, external_image_id, fields, single=single
        )
        return await to_thread.run_sync(self._would_enrol, face_set, templates, dry_run)

    def exists(self, face_set: FaceSet, face_id: str) -> bool:
        """Whether a set has a face of this id."""
        return self._repository.find_face(face_set.id, face_id) is not None

    def page(self, project_id: str, set_name: str, offset: int, limit: int) -> tuple[FaceSet, list[Face]]:
        """Faces in insertion order.

        Raises:
            ServiceError: ``FRS.0302``; ``FRS.0012``, the window reaches too far.
        """
        if offset + limit > limits.LIST_WINDOW:
            raise wrong_format("offset", f"offset and limit may add up to {limits.LIST_WINDOW} at most")
        face_set = self._face_sets.require(project_id, set_name)
        return face_set, self._repository.list_faces(face_set.id, offset, limit)

    def table(
        self,
        project_id: str,
        set_name: str,
        *,
        filter_text: str | None,
        sort: str | None,
        descends: bool,
        offset: int,
        limit: int,
    ) -> tuple[FaceSet, int, list[Face]]:
        """How many faces a filter holds for, and a window of them by a field's values; faces without one come last.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` a bad filter, or no such field to sort by.
        """
        face_set = self._face_sets.require(project_id, set_name)
        predicate = parse_filter(filter_text, face_set.fields) if filter_text else None
        if sort is not None and sort != EXTERNAL_IMAGE_ID and sort not in face_set.fields:
            raise wrong_format("sort", "the face set has no such field")
        with translated_errors(set_name):
            total, faces = self._galleries.list_faces(face_set.id, Listing(offset, limit, predicate, sort, descends))
        return face_set, total, faces

    def one(self, project_id: str, set_name: str, face_id: str) -> tuple[FaceSet, Face]:
        """A face by id.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0403``
        """
        face_set = self._face_sets.require(project_id, set_name)
        face = self._repository.find_face(face_set.id, face_id)
        if face is None:
            raise missing_face(face_id)
        return face_set, face

    def update(
        self,
        project_id: str,
        set_name: str,
        face_id: str,
        *,
        external_image_id: str | None,
        fields: Mapping[str, Any] | None,
    ) -> FaceSet:
        """Change a face's external image id, and merge custom fields; a field not named keeps its value.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0303`` no such face, ``FRS.0011`` nothing to change, ``FRS.0012/0405/0406``.
        """
        if external_image_id is None and fields is None:
            raise ServiceError("FRS.0011", "external_image_id or external_fields")
        face_set = self._face_sets.require(project_id, set_name)
        if external_image_id is not None:
            check_external_image_id(external_image_id)
        values = check_values(fields or {}, face_set.fields)
        with translated_errors(set_name):
            found = self._repository.update(face_set.id, face_id, external_image_id=external_image_id, fields=values)
        if not found:
            raise ServiceError("FRS.0303")
        return face_set

    def delete(self, project_id: str, set_name: str, field: str, value: str) -> tuple[FaceSet, int]:
        """Delete every face whose ``face_id``, ``external_image_id`` or custom field has a value, given as text.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0402`` no such field, ``FRS.0401`` nothing matched, ``FRS.0012`` the value is not of
                the field's type, ``FRS.0011`` it is empty, ``APIG.0306`` the set is under legal hold.
        """
        face_set = self._face_sets.require(project_id, set_name)
        if not value:
            raise ServiceError("FRS.0011", displayed_name(field))
        match = _match(face_set, field, value)
        with translated_errors(set_name):
            if isinstance(match, Equal):
                deleted = self._galleries.delete(face_set.id, match)
            else:
                deleted = self._repository.delete(face_set.id, match)
        if not deleted:
            raise ServiceError("FRS.0401", field)
        return face_set, deleted

    def delete_filtered(self, project_id: str, set_name: str, filter_text: str) -> tuple[FaceSet, int]:
        """Delete every face that a filter holds for.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0407`` nothing matched, ``FRS.0012`` a bad filter, ``FRS.0011`` an empty one,
                ``APIG.0306`` the set is under legal hold.
        """
        face_set = self._face_sets.require(project_id, set_name)
        if not filter_text:
            raise ServiceError("FRS.0011", "filter")
        predicate = parse_filter(filter_text, face_set.fields)
        with translated_errors(set_name):
            deleted = self._galleries.delete(face_set.id, predicate)
        if not deleted:
            raise ServiceError("FRS.0407")
        return face_set, deleted

    async def _examined(
        self,
        project_id: str,
        set_name: str,
        image: EncodedImage,
        external_image_id: str | None,
        fields: Mapping[str, Any],
        *,
        single: bool,
    ) -> tuple[FaceSet, list[FaceTemplate], dict[str, FieldValue]]:
        """The set, templates and fields of a picture that may be enrolled, if it is no duplicate."""
        face_set = await to_thread.run_sync(self._face_sets.require_usable, project_id, set_name)
        if external_image_id is not None:
            check_external_image_id(external_image_id)
        values = check_values(fields, face_set.fields)
        return face_set, await self._admitted(face_set, image, single=single), values

    async def _admitted(self, face_set: FaceSet, image: EncodedImage, *, single: bool) -> list[FaceTemplate]:
        if face_set.policy is None:
            templates = await self._recognizer.templates(image, largest_only=single)
            if not templates:
                raise ServiceError("FRS.0404")
            return templates
        policy = Policy.parse(face_set.policy)
        faces = await judge_faces(self._recognizer, image, policy, policy.traits, single=single)
        if not faces:
            raise ServiceError("FRS.0404")
        admitted = [face.candidate.template for face in faces if not face.reasons]
        if not admitted:
            raise _refused(reason for face in faces for reason in face.reasons)
        return admitted

    def _would_enrol(self, face_set: FaceSet, templates: Sequence[FaceTemplate], dry_run: DryRun) -> int:
        cosine = self._duplicate_cosine(face_set)
        if cosine is None:
            return len(templates)
        query = Query(1, cosine)
        with translated_errors(face_set.name):
            strangers = [
                template.embedding
                for template in templates
                if not self._galleries.search(face_set.id, template.embedding, query)
            ]
        count = dry_run.add(strangers, cosine)
        if not count:
            raise _refused([Reason.DUPLICATE_PERSON])
        return count

    def _duplicate_cosine(self, face_set: FaceSet) -> float | None:
        """The cosine from which a set's policy takes two faces for one person's; None where it asks nothing of the kind."""
        return Policy.parse(face_set.policy or {}).duplicate_cosine(self._recognizer.calibration)

    def _enrol(
        self,
        face_set: FaceSet,
        templates: Sequence[FaceTemplate],
        fields: Mapping[str, FieldValue],
        external_image_id: str | None,
        new_ids: NewIds,
    ) -> list[Face]:
        def named(places: Sequence[int]) -> list[NewFace]:
            ids = new_ids(len(places))
            return [
                NewFace(face_id, external_image_id or ids[0], templates[place].box, fields, templates[place].embedding)
                for face_id, place in zip(ids, places, strict=True)
            ]

        def write() -> Sequence[NewFace]:
            cosine = self._duplicate_cosine(face_set)
            if cosine is not None:
                embeddings = [template.embedding for template in templates]
                return self._galleries.add_distinct(face_set.id, embeddings, cosine, named)
            new = named(range(len(templates)))
            self._repository.add(face_set.id, new)
            return new

        try:
            with translated_errors(face_set.name):
                new = retry_with_new_ids(write)
        except CapacityError as error:
            raise wrong_format(
                "face_set_name",
                f"the face set holds at most {face_set.capacity} faces and has room for {error.room} more",
            ) from None
        if not new:
            raise _refused([Reason.DUPLICATE_PERSON])
        return [Face(face.face_id, face.external_image_id, face.box, face.fields) for face in new]


def _refused(reasons: Iterable[Reason]) -> ServiceError:
    return ServiceError("FRS.0404/policy", ", ".join(dict.fromkeys(reasons)))


def check_external_image_id(value: str) -> None:
    """See that a text may be an external image id.

    Raises:
        ServiceError: ``FRS.0012``
    """
    if not _EXTERNAL_IMAGE_ID.fullmatch(value):
        raise wrong_format("external_image_id", "must be 1 to 36 letters, digits, '_' and '-'")


def _match(face_set: FaceSet, field: str, value: str) -> Match | Equal:
    if field == "face_id":
        return Match(face_id=value)
    if field == "external_image_id":
        return Match(external_image_id=value)
    if field not in face_set.fields:
        raise ServiceError("FRS.0402", displayed_name(field))
    declared = field_type(face_set.fields, field)
    parsed = parse_value(value, declared)
    if parsed is None:
        raise wrong_format(field, f"the value is not of the declared type {declared}")
    return Equal(field, parsed)
