"""Enrolment policies of face sets, and checks of images against them."""

from collections.abc import Mapping
from typing import Any, Final

from anyio import to_thread

from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.similarity import rounded
from openfrs.recognition.types import UnconfirmedFace
from openfrs.store.faces.models import FaceSet
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries, distinct
from openfrs.vision.attributes.types import Trait

from .errors import translated_errors
from .face_sets import FaceSets
from .judgement import Duplicate, JudgedFace, judge_image, with_duplicate
from .policy import RECOMMENDED_POLICY, Policy, PolicyName, parse_policy, policy_for

_REPORTED_TRAITS: Final = frozenset({Trait.QUALITY, Trait.POSE})


class Policies:
    """Policies of face sets, and checks of images against them."""

    def __init__(
        self, face_sets: FaceSets, repository: FaceRepository, galleries: Galleries, recognizer: Recognizer
    ) -> None:
        self._face_sets = face_sets
        self._repository = repository
        self._galleries = galleries
        self._recognizer = recognizer

    def get_policy(self, project_id: str, set_name: str) -> Policy:
        """Return the policy of a set, or an empty policy if it has none.

        Raises:
            ServiceError: ``FRS.0302``
        """
        return policy_for(self._face_sets.require(project_id, set_name))

    def set_policy(self, project_id: str, set_name: str, values: Mapping[str, Any] | PolicyName) -> Policy:
        """Replace the policy of a set by limits or a default policy. Requests that have begun use the old one.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` the policy is invalid.
        """
        policy = parse_policy(values)
        face_set = self._face_sets.require(project_id, set_name)
        with translated_errors(set_name):
            self._repository.set_policy(face_set.id, policy.to_store() or None)
        return policy

    async def check_image(
        self,
        project_id: str,
        set_name: str | None,
        image: EncodedImage,
        values: Mapping[str, Any] | PolicyName | None,
        *,
        single: bool,
    ) -> tuple[Policy, list[JudgedFace]]:
        """Check the faces of an image, largest first, or with ``single`` its main face only, without enrolling them.

        The policy is ``values``, else that of the set, else :data:`RECOMMENDED_POLICY`. Duplicates are searched for in the set, if
        one is named, and within the image.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` the policy is invalid, ``FRS.0020`` a limit needs a model that is not
                installed, and errors of :meth:`Recognizer.templates`.
        """
        policy = None if values is None else parse_policy(values)
        face_set = None
        if set_name is not None:
            face_set = await to_thread.run_sync(self._face_sets.require_usable, project_id, set_name)
        if policy is None:
            policy = RECOMMENDED_POLICY if face_set is None else policy_for(face_set)
        faces = await judge_image(self._recognizer, image, policy, _REPORTED_TRAITS, main_only=single)
        return policy, await to_thread.run_sync(self._mark_duplicates, face_set, policy, faces)

    async def find_unconfirmed(self, image: EncodedImage, *, single: bool) -> list[UnconfirmedFace]:
        """Return the detected faces of an image, largest first, that are not enrolled because no orientation confirms them.

        With ``single``, only the largest is returned.

        Raises:
            ServiceError: as :meth:`Recognizer.templates`.
        """
        found = await self._recognizer.find_unconfirmed(image)
        return found[:1] if single else found

    def _mark_duplicates(self, face_set: FaceSet | None, policy: Policy, faces: list[JudgedFace]) -> list[JudgedFace]:
        scale = self._recognizer.scale
        limit = policy.duplicate_limit(scale.calibration)
        if limit is None:
            return faces
        if face_set is not None:
            faces = [self._mark_enrolled(face_set, limit, face) for face in faces]
        accepted = [i for i, face in enumerate(faces) if not face.reasons]
        kept = distinct([face.template.embedding for face in faces], accepted, limit, scale)
        return [with_duplicate(face) if i in accepted and i not in kept else face for i, face in enumerate(faces)]

    def _mark_enrolled(self, face_set: FaceSet, limit: float, face: JudgedFace) -> JudgedFace:
        with translated_errors(face_set.name):
            hits = self._galleries.search(face_set.id, face.template.embedding, Query(1, limit))
        if not hits:
            return face
        return with_duplicate(face, Duplicate(hits[0].face, rounded(hits[0].similarity)))
