"""Face sets: creation, look-up and deletion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openfrs.core import limits
from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.core.text import is_plain
from openfrs.store.faces.models import FaceSet, SetExistsError, TooManySetsError
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.columns import field_type
from openfrs.store.index.search import Galleries
from openfrs.vision.types import ALIGNMENT

from .errors import missing_set, translated_errors
from .fields import check_definitions, new_public_id, retry_with_new_ids


@dataclass(frozen=True, slots=True)
class NamedSet:
    """The face set that a request names, read when the request was admitted; None if there was none."""

    name: str
    face_set: FaceSet | None

    def require(self) -> FaceSet:
        """Return the face set.

        Raises:
            ServiceError: ``FRS.0302``
        """
        if self.face_set is None:
            raise missing_set(self.name)
        return self.face_set


class FaceSets:
    """The face sets of projects."""

    def __init__(self, repository: FaceRepository, galleries: Galleries, *, embedder: str) -> None:
        self._repository = repository
        self._galleries = galleries
        self._embedder = embedder
        self.short_reads = repository.short_reads

    def create(
        self,
        project_id: str,
        name: str,
        capacity: int | None,
        fields: Mapping[str, Any],
        *,
        limit: int,
        max_capacity: int,
    ) -> FaceSet:
        """Create an empty face set. A project can have ``limit`` sets of up to ``max_capacity`` faces.

        Raises:
            ServiceError: ``FRS.0012`` an invalid name, capacity or field, or too many sets; ``FRS.0301`` the name is in use.
        """
        validate_name(name)
        if capacity is None:
            capacity = min(limits.FACE_SET_CAPACITY, max_capacity)
        step = limits.FACE_SET_CAPACITY_STEP
        if not step <= capacity <= max_capacity or capacity % step:
            raise wrong_format("face_set_capacity", f"must be a multiple of {step} up to {max_capacity}")
        definitions = check_definitions(fields)

        def write() -> FaceSet:
            face_set = FaceSet(
                id=0,
                project_id=project_id,
                name=name,
                public_id=new_public_id(),
                capacity=capacity,
                face_number=0,
                version=0,
                embedder=self._embedder,
                fields=definitions,
                created_at=utc_now().replace(microsecond=0),
                alignment=ALIGNMENT,
            )
            self._repository.create_set(face_set, limit=limit)
            return face_set

        try:
            return retry_with_new_ids(write)
        except SetExistsError:
            raise ServiceError("FRS.0301", name) from None
        except TooManySetsError:
            raise wrong_format("face_set_name", f"the project has {limit} face sets, which is the limit") from None

    def declare(self, face_set: FaceSet, fields: Mapping[str, Any]) -> None:
        """Add custom fields to a face set without faces; it may have them already, of the same type.

        Raises:
            ServiceError: ``FRS.0012`` a field is invalid or has another type, or the set has faces and lacks a field.
        """
        definitions = check_definitions({**face_set.fields, **fields})
        for name in face_set.fields:
            if field_type(definitions, name) is not field_type(face_set.fields, name):
                declared = field_type(face_set.fields, name)
                raise wrong_format("external_fields", f"the face set declares {name} as {declared}")
        missing = [name for name in definitions if name not in face_set.fields]
        if missing and not self._repository.redefine_set(face_set.id, definitions):
            raise wrong_format("external_fields", f"the face set has faces, but no field {', '.join(missing)}")

    def list_all(self, project_id: str) -> list[FaceSet]:
        """Return a project's face sets in order of creation."""
        return self._repository.list_sets(project_id)

    def index_bytes(self, project_id: str) -> dict[str, int]:
        """Return the bytes of memory that the indexes of a project's face sets take in this process, by name of the set."""
        loaded = self._galleries.loaded_bytes
        return {face_set.name: loaded[face_set.id] for face_set in self.list_all(project_id) if face_set.id in loaded}

    def require(self, project_id: str, name: str) -> FaceSet:
        """Return a project's face set by name.

        Raises:
            ServiceError: ``FRS.0302``
        """
        return self.find(project_id, name).require()

    def find(self, project_id: str, name: str) -> NamedSet:
        """Return a project's face set by name, if there is one."""
        return NamedSet(name, self._repository.find_set(project_id, name))

    def require_usable(self, project_id: str, name: str) -> FaceSet:
        """Return a face set by name for enrolment or search, which need templates of the same embedder.

        Raises:
            ServiceError: ``FRS.0302``; ``FRS.0012`` the set has templates of another embedder.
        """
        return self.usable(self.find(project_id, name))

    def usable(self, named: NamedSet) -> FaceSet:
        """Return a face set for enrolment or search, which need templates of the same embedder.

        Raises:
            ServiceError: as :meth:`require_usable`
        """
        face_set = named.require()
        if face_set.embedder != self._embedder:
            raise wrong_format(
                "face_set_name",
                f"the set has templates of embedder {face_set.embedder}, but this server uses {self._embedder}",
            )
        return face_set

    def set_search_threshold(self, project_id: str, name: str, threshold: float | None) -> None:
        """Set the similarity, 0..1, that searches in a set require if they give no threshold; None removes it.

        Raises:
            ServiceError: ``FRS.0302``
        """
        face_set = self.require(project_id, name)
        with translated_errors(name):
            self._repository.set_search_threshold(face_set.id, threshold)

    async def load_usable(self, project_id: str, name: str) -> FaceSet:
        """Return what :meth:`require_usable` returns, without blocking the event loop."""
        return await self.short_reads.run(lambda: self.require_usable(project_id, name))

    def delete(self, project_id: str, name: str) -> None:
        """Delete a face set and its faces.

        Raises:
            ServiceError: ``FRS.0302``, ``APIG.0306`` it is under legal hold.
        """
        with translated_errors(name):
            set_id = self._repository.delete_set(project_id, name)
        if set_id is None:
            raise missing_set(name)
        self._galleries.drop(set_id)


def validate_name(name: str) -> None:
    """Validate a face set name.

    Raises:
        ServiceError: ``FRS.0011`` it is empty, ``FRS.0012`` it is too long or has invalid characters.
    """
    if not name:
        raise ServiceError("FRS.0011", "face_set_name")
    if not 1 <= len(name) <= limits.MAX_FACE_SET_NAME_LENGTH:
        raise wrong_format("face_set_name", f"must have 1 to {limits.MAX_FACE_SET_NAME_LENGTH} characters")
    if not is_plain(name) or "/" in name or name in {".", ".."}:
        raise wrong_format("face_set_name", "may have all but control characters and '/', and must not be '.' or '..'")
