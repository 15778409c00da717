"""Whether faces may be enrolled: the policies of face sets, and asking beforehand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from anyio import to_thread

from openfrs.recognition.recognizer import Candidate, Picture, Recognizer
from openfrs.store.faces.repository import Face, FaceRepository, FaceSet, SetMissingError
from openfrs.store.index.search import Galleries, Query, distinct
from openfrs.vision.attributes.types import Trait

from .face_sets import FaceSets, missing_set
from .policies import ADVISED, Policy, Reason, judge, policy_of

_TOLD: Final = frozenset({Trait.QUALITY, Trait.POSE})


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The enrolled face that is most like another, 0..1."""

    face: Face
    similarity: float


@dataclass(frozen=True, slots=True)
class JudgedFace:
    """A face of a picture and why it is not enrolled; without reasons it is."""

    candidate: Candidate
    reasons: tuple[Reason, ...]
    duplicate: Duplicate | None = None


class Enrolment:
    """Policies of face sets, and what they make of pictures."""

    def __init__(
        self, face_sets: FaceSets, repository: FaceRepository, galleries: Galleries, recognizer: Recognizer
    ) -> None:
        self._face_sets = face_sets
        self._repository = repository
        self._galleries = galleries
        self._recognizer = recognizer

    def policy(self, project_id: str, set_name: str) -> Policy:
        """The policy of a set; one without limits where it has none.

        Raises:
            ServiceError: ``FRS.0302``
        """
        return _policy(self._face_sets.require(project_id, set_name))

    def set_policy(self, project_id: str, set_name: str, values: Mapping[str, Any] | None) -> Policy:
        """Give a set a policy in place of any other, or none; it holds for requests that begin afterwards.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` it is no policy.
        """
        policy = policy_of(values or {})
        face_set = self._face_sets.require(project_id, set_name)
        try:
            self._repository.set_policy(face_set.id, policy.stored() or None)
        except SetMissingError:
            raise missing_set(set_name) from None
        return policy

    async def check(
        self, project_id: str, set_name: str | None, picture: Picture, values: Mapping[str, Any] | None, *, single: bool
    ) -> tuple[Policy, list[JudgedFace]]:
        """What a policy makes of a picture's faces, largest first, or of its main face alone; nothing is enrolled.

        The policy is the one given, else that of the set, else what FRS advises. Duplicates are looked for in the set, if one is
        given, and within the picture.

        Raises:
            ServiceError: ``FRS.0302`` no such set, ``FRS.0012`` no policy, ``FRS.0020`` a limit needs a weight that is not there,
                and what :meth:`Recognizer.candidates` raises.
        """
        given = None if values is None else policy_of(values)
        face_set = None
        if set_name is not None:
            face_set = await to_thread.run_sync(self._face_sets.require_usable, project_id, set_name)
        policy = given or (ADVISED if face_set is None else _policy(face_set))
        faces = await judged(self._recognizer, picture, policy, _TOLD, single=single)
        return policy, await to_thread.run_sync(self._compared, face_set, policy, faces)

    def _compared(self, face_set: FaceSet | None, policy: Policy, faces: list[JudgedFace]) -> list[JudgedFace]:
        """The faces with the reason of those that are enrolled already."""
        cosine = policy.duplicate_cosine(self._recognizer.calibration)
        if cosine is None:
            return faces
        if face_set is not None:
            faces = [self._compared_with_set(face_set, cosine, face) for face in faces]
        acceptable = [place for place, face in enumerate(faces) if not face.reasons]
        kept = distinct([face.candidate.template.embedding for face in faces], acceptable, cosine)
        return [
            _duplicated(face) if place in acceptable and place not in kept else face for place, face in enumerate(faces)
        ]

    def _compared_with_set(self, face_set: FaceSet, cosine: float, face: JudgedFace) -> JudgedFace:
        try:
            hits = self._galleries.search(face_set.id, face.candidate.template.embedding, Query(1, cosine))
        except SetMissingError:
            raise missing_set(face_set.name) from None
        if not hits:
            return face
        similarity = self._recognizer.calibration.similarity(hits[0].cosine)
        return _duplicated(face, Duplicate(hits[0].face, similarity))


async def judged(
    recognizer: Recognizer, picture: Picture, policy: Policy, wanted: Collection[Trait], *, single: bool
) -> list[JudgedFace]:
    """What a policy makes of the faces of a picture, or of its main face alone, but for duplicates.

    ``wanted`` are the traits to measure: at least those that the policy needs.

    Raises:
        ServiceError: ``FRS.0020`` a limit needs a weight that is not there, and what :meth:`Recognizer.candidates` raises.
    """
    candidates = await recognizer.candidates(picture, wanted)
    chosen = [one for one in candidates if one.is_main] if single else candidates
    return [
        JudgedFace(one, tuple(judge(policy, one, place=place, count=len(candidates))))
        for place, one in enumerate(chosen)
    ]


def _policy(face_set: FaceSet) -> Policy:
    return policy_of(face_set.policy or {})


def _duplicated(face: JudgedFace, duplicate: Duplicate | None = None) -> JudgedFace:
    return replace(face, reasons=(*face.reasons, Reason.DUPLICATE_PERSON), duplicate=duplicate)
