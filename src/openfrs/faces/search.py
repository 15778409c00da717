"""Searching a face set for the person in a picture."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from anyio import to_thread

from ..errors import ServiceError
from ..recognition.recognizer import Picture, Recognizer
from ..store.faces import Face, FaceRepository, FaceSet, SetMissingError
from ..store.index import Galleries, Hit
from .face_sets import FaceSets, missing_set
from .faces import missing_face


@dataclass(frozen=True, slots=True)
class Found:
    """A face found and how alike it is, 0..1."""

    face: Face
    similarity: float


class Search:
    """One-to-many search, exact."""

    def __init__(
        self, face_sets: FaceSets, repository: FaceRepository, galleries: Galleries, recognizer: Recognizer
    ) -> None:
        self._face_sets = face_sets
        self._repository = repository
        self._galleries = galleries
        self._recognizer = recognizer

    async def by_picture(
        self, project_id: str, set_name: str, picture: Picture, *, top_n: int, threshold: float
    ) -> list[Found]:
        """The faces most like the largest face of a picture, best first.

        Raises:
            ServiceError: ``FRS.0302`` no such set, ``FRS.0304`` no face, and what :meth:`Recognizer.templates` raises.
        """
        face_set = await to_thread.run_sync(self._face_sets.require_usable, project_id, set_name)
        templates = await self._recognizer.templates(picture, largest_only=True)
        if not templates:
            raise ServiceError("FRS.0304")
        hits = await to_thread.run_sync(self._hits, face_set, templates[0].embedding, top_n, threshold)
        return self._found(hits)

    async def by_face_id(
        self, project_id: str, set_name: str, face_id: str, *, top_n: int, threshold: float
    ) -> list[Found]:
        """The faces most like an enrolled one, which comes first itself with similarity 1.

        Raises:
            ServiceError: ``FRS.0302`` no such set, ``FRS.0403`` no such face.
        """
        return await to_thread.run_sync(self._by_face_id, project_id, set_name, face_id, top_n, threshold)

    def _by_face_id(self, project_id: str, set_name: str, face_id: str, top_n: int, threshold: float) -> list[Found]:
        face_set = self._face_sets.require_usable(project_id, set_name)
        enrolled = self._repository.enrolled(face_set.id, face_id)
        if enrolled is None:
            raise missing_face(face_id)
        face, template = enrolled
        others = (hit for hit in self._hits(face_set, template, top_n, threshold) if hit.face.face_id != face_id)
        return self._found([Hit(face, 1.0), *others][:top_n])

    def _hits(self, face_set: FaceSet, probe: npt.NDArray[np.float32], top_n: int, threshold: float) -> list[Hit]:
        least_cosine = self._recognizer.calibration.cosine(threshold)
        try:
            return self._galleries.search(face_set.id, probe, count=top_n, least_cosine=least_cosine)
        except SetMissingError:
            raise missing_set(face_set.name) from None

    def _found(self, hits: list[Hit]) -> list[Found]:
        return [Found(hit.face, self._recognizer.calibration.similarity(hit.cosine)) for hit in hits]
