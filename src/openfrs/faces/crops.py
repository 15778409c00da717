"""Crops of the images of faces, which face sets keep only if they are set to."""

from dataclasses import dataclass

from openfrs.store.faces.crops import CropRepository
from openfrs.store.faces.models import FaceSet

from .errors import missing_face, translated_errors
from .face_sets import FaceSets


@dataclass(frozen=True, slots=True)
class CropSetting:
    """The setting of a face set, and the number of its crops."""

    enabled: bool
    crops: int


class Crops:
    """The crops of face sets."""

    def __init__(self, face_sets: FaceSets, repository: CropRepository) -> None:
        self._face_sets = face_sets
        self._repository = repository

    def setting(self, project_id: str, set_name: str) -> CropSetting:
        """Return the setting of a face set.

        Raises:
            ServiceError: ``FRS.0302``
        """
        face_set = self._face_sets.require(project_id, set_name)
        return CropSetting(face_set.crops, self._repository.count(face_set.id))

    def enable(self, project_id: str, set_name: str) -> None:
        """Keep crops of the faces that are enrolled from now on.

        Raises:
            ServiceError: ``FRS.0302``
        """
        face_set = self._face_sets.require(project_id, set_name)
        with translated_errors(set_name):
            self._repository.enable(face_set.id)

    def destroy(self, project_id: str, set_name: str) -> int:
        """Keep no more crops, and destroy those of the face set with a record; return their number.

        Raises:
            ServiceError: ``FRS.0302``, ``APIG.0306`` the set has crops and is under legal hold.
        """
        face_set = self._face_sets.require(project_id, set_name)
        with translated_errors(set_name):
            return self._repository.destroy(face_set.id)

    def read(self, face_set: FaceSet, face_id: str) -> bytes:
        """Return the crop of a face, a JPEG.

        Raises:
            ServiceError: ``FRS.0403`` there is no such face, or it has no crop.
        """
        crop = self._repository.find(face_set.id, face_id)
        if crop is None:
            raise missing_face(face_id)
        return crop
