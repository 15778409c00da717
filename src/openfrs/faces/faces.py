"""Faces of a face set: enrolment, listing, update and deletion."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from anyio import to_thread

from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.core.threads import run_write
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.types import FaceTemplate
from openfrs.store.faces.models import CapacityError, Face, FaceSet, Match, NewFace
from openfrs.store.faces.predicate import EXTERNAL_IMAGE_ID, Equal, FieldValue
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.columns import field_type
from openfrs.store.index.search import Galleries, Listing

from .dry_run import DryRun
from .errors import missing_face, translated_errors
from .face_sets import FaceSets
from .fields import (
    EXTERNAL_IMAGE_ID_FORMAT,
    check_values,
    displayed_name,
    new_public_ids,
    parse_value,
    retry_with_new_ids,
)
from .filter import parse_filter
from .judgement import judge_image
from .policy import Reason, policy_for

NewIds = Callable[[int], Sequence[str]]
"""Generates ids for new faces; receives their number."""


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
        """Enrol the faces of an image that meet the set's policy, or with ``single`` its main face; all of them or none.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0404`` no face, or none that meets the policy, ``FRS.0405/0406`` invalid fields,
                ``FRS.0012`` an invalid id, or the set is full, ``FRS.0020`` the policy needs a model that is not installed, and
                errors of :meth:`Recognizer.templates`.
            IdTakenError: ids of ``new_ids`` are in use.
        """
        face_set, templates, values = await self._prepare(
            project_id, set_name, image, external_image_id, fields, single=single
        )
        faces = await run_write(self._enrol, face_set, templates, values, external_image_id, new_ids)
        return face_set, faces

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
        """Return how many faces :meth:`add` would enrol after the earlier images of ``dry_run``, without writing.

        Raises:
            ServiceError: as :meth:`add`, except that the capacity of the set is not checked.
        """
        face_set, templates, _ = await self._prepare(
            project_id, set_name, image, external_image_id, fields, single=single
        )
        return await to_thread.run_sync(self._count_new, face_set, templates, dry_run)

    def new_dry_run(self) -> DryRun:
        """Return the state of a dry run without images."""
        return DryRun(self._recognizer.scale)

    def find(self, face_set: FaceSet, face_id: str) -> Face | None:
        """Return the face of a set with this id, or None."""
        return self._repository.find_face(face_set.id, face_id)

    def named(self, face_set: FaceSet, external_image_id: str) -> list[Face]:
        """Return the faces of a set with this external image id."""
        return self._repository.find_faces(face_set.id, Match(external_image_id=external_image_id))

    def list_faces(self, project_id: str, set_name: str, offset: int, limit: int) -> tuple[FaceSet, list[Face]]:
        """Return faces in order of enrolment.

        Raises:
            ServiceError: ``FRS.0302``; ``FRS.0012`` the sum of offset and limit is too large.
        """
        if offset + limit > limits.MAX_LIST_WINDOW:
            raise wrong_format("offset", f"offset and limit may add up to {limits.MAX_LIST_WINDOW} at most")
        face_set = self._face_sets.require(project_id, set_name)
        return face_set, self._repository.list_faces(face_set.id, offset, limit)

    def list_filtered(
        self,
        project_id: str,
        set_name: str,
        *,
        filter_text: str | None,
        sort: str | None,
        descending: bool,
        offset: int,
        limit: int,
    ) -> tuple[FaceSet, int, list[Face]]:
        """Return the number of faces that match a filter, and a page of them sorted by a field; faces without it come last.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` an invalid filter, or an unknown field to sort by.
        """
        face_set = self._face_sets.require(project_id, set_name)
        predicate = parse_filter(filter_text, face_set.fields) if filter_text else None
        if sort is not None and sort != EXTERNAL_IMAGE_ID and sort not in face_set.fields:
            raise wrong_format("sort", "the face set has no such field")
        with translated_errors(set_name):
            total, faces = self._galleries.list_faces(face_set.id, Listing(offset, limit, predicate, sort, descending))
        return face_set, total, faces

    def get_face(self, project_id: str, set_name: str, face_id: str) -> tuple[FaceSet, Face]:
        """Return a face by id, with its set.

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
        """Change the external image id of a face, and merge ``fields`` into its custom fields.

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
            updated = self._repository.update(face_set.id, face_id, external_image_id=external_image_id, fields=values)
        if not updated:
            raise ServiceError("FRS.0303")
        return face_set

    def delete(self, project_id: str, set_name: str, field: str, value: str) -> tuple[FaceSet, int]:
        """Delete the faces with a value, given as text, in ``face_id``, ``external_image_id`` or a custom field.

        Returns the set and the number of faces deleted.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0402`` no such field, ``FRS.0401`` no face matches, ``FRS.0012`` the value does not
                have the field's type, ``FRS.0011`` it is empty, ``APIG.0306`` the set is under legal hold.
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
        """Delete the faces that match a filter; return the set and the number of faces deleted.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0407`` no face matches, ``FRS.0012`` an invalid filter, ``FRS.0011`` an empty one,
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

    async def _prepare(
        self,
        project_id: str,
        set_name: str,
        image: EncodedImage,
        external_image_id: str | None,
        fields: Mapping[str, Any],
        *,
        single: bool,
    ) -> tuple[FaceSet, list[FaceTemplate], dict[str, FieldValue]]:
        """Return the set, the accepted faces of an image and their fields; duplicates are not checked."""
        face_set = await self._face_sets.load_usable(project_id, set_name)
        if external_image_id is not None:
            check_external_image_id(external_image_id)
        values = check_values(fields, face_set.fields)
        policy = policy_for(face_set)
        faces = await judge_image(
            self._recognizer, image, policy, policy.traits, main_only=single, with_crops=face_set.crops
        )
        if not faces:
            raise ServiceError("FRS.0404")
        accepted = [face.template for face in faces if not face.reasons]
        if not accepted:
            raise _policy_error(reason for face in faces for reason in face.reasons)
        return face_set, accepted, values

    def _count_new(self, face_set: FaceSet, templates: Sequence[FaceTemplate], dry_run: DryRun) -> int:
        limit = self._duplicate_limit(face_set)
        if limit is None:
            return len(templates)
        query = Query(1, limit)
        with translated_errors(face_set.name):
            new = [
                template.embedding
                for template in templates
                if not self._galleries.search(face_set.id, template.embedding, query)
            ]
        count = dry_run.add(new, limit)
        if not count:
            raise _policy_error([Reason.DUPLICATE_PERSON])
        return count

    def _duplicate_limit(self, face_set: FaceSet) -> float | None:
        return policy_for(face_set).duplicate_limit(self._recognizer.scale.calibration)

    def _enrol(
        self,
        face_set: FaceSet,
        templates: Sequence[FaceTemplate],
        fields: Mapping[str, FieldValue],
        external_image_id: str | None,
        new_ids: NewIds,
    ) -> list[Face]:
        def new_faces(positions: Sequence[int]) -> list[NewFace]:
            ids = new_ids(len(positions))
            return [
                NewFace(face_id, external_image_id or ids[0], each.box, fields, each.embedding, each.crop)
                for face_id, each in zip(ids, (templates[position] for position in positions), strict=True)
            ]

        def write() -> Sequence[NewFace]:
            limit = self._duplicate_limit(face_set)
            if limit is not None:
                embeddings = [template.embedding for template in templates]
                return self._galleries.add_distinct(face_set.id, embeddings, limit, new_faces)
            faces = new_faces(range(len(templates)))
            self._repository.add(face_set.id, faces)
            return faces

        try:
            with translated_errors(face_set.name):
                faces = retry_with_new_ids(write)
        except CapacityError as error:
            raise wrong_format(
                "face_set_name",
                f"the face set holds at most {face_set.capacity} faces and has room for {error.room} more",
            ) from None
        if not faces:
            raise _policy_error([Reason.DUPLICATE_PERSON])
        return [Face(face.face_id, face.external_image_id, face.box, face.fields) for face in faces]


def check_external_image_id(value: str) -> None:
    """Validate an external image id.

    Raises:
        ServiceError: ``FRS.0012``
    """
    if not EXTERNAL_IMAGE_ID_FORMAT.fullmatch(value):
        raise wrong_format(
            "external_image_id", f"must be 1 to {limits.MAX_EXTERNAL_IMAGE_ID_LENGTH} letters, digits, '_' and '-'"
        )


def _policy_error(reasons: Iterable[Reason]) -> ServiceError:
    return ServiceError("FRS.0404/policy", ", ".join(dict.fromkeys(reasons)))


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
