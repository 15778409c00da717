"""What a face must meet to be enrolled, and the codes that say why one does not.

The codes are those of AWS Rekognition's ``IndexFaces`` where it has one for the reason.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, TypeVar

from anyio import to_thread
from pydantic import Field, model_validator

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import Candidate, Recognizer
from openfrs.recognition.similarity import Calibration
from openfrs.store.faces.models import Face, FaceSet
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries, distinct
from openfrs.vision.attributes.types import HeadPose, Quality, Trait

from .errors import translated_errors
from .face_sets import FaceSets
from .stored_model import StoredModel

T = TypeVar("T")

_TOLD: Final = frozenset({Trait.QUALITY, Trait.POSE})


class Reason(StrEnum):
    """Why a face is not enrolled."""

    EXCEEDS_MAX_FACES = "EXCEEDS_MAX_FACES"
    MULTIPLE_FACES = "MULTIPLE_FACES"
    SMALL_BOUNDING_BOX = "SMALL_BOUNDING_BOX"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    EXTREME_POSE = "EXTREME_POSE"
    LOW_FACE_QUALITY = "LOW_FACE_QUALITY"
    LOW_SHARPNESS = "LOW_SHARPNESS"
    OCCLUDED_FACE = "OCCLUDED_FACE"
    LOW_BRIGHTNESS = "LOW_BRIGHTNESS"
    POOR_ILLUMINATION = "POOR_ILLUMINATION"
    DUPLICATE_PERSON = "DUPLICATE_PERSON"


Fraction = Annotated[float, Field(ge=0, le=1)]
Degrees = Annotated[float, Field(ge=0, le=180)]


class Policy(StoredModel):
    """Limits for the faces of a set; what is None is not looked at. A value at its limit is within it."""

    parameter: ClassVar[str] = "policy"

    single_face: bool | None = None
    max_faces: Annotated[int, Field(ge=1, le=1000)] | None = None
    min_face_size: Annotated[int, Field(ge=1, le=limits.MAX_IMAGE_SIDE)] | None = None
    min_confidence: Fraction | None = None
    min_quality: Fraction | None = None
    max_blur: Fraction | None = None
    max_occlusion: Fraction | None = None
    max_illumination: Fraction | None = None
    max_yaw: Degrees | None = None
    max_pitch: Degrees | None = None
    max_roll: Degrees | None = None
    duplicate_similarity: Annotated[float, Field(gt=0, le=1)] | None = None
    duplicate_false_match_rate: Annotated[float, Field(ge=1e-6, le=0.1)] | None = None

    @model_validator(mode="after")
    def _names_duplicates_once(self) -> "Policy":
        if self.duplicate_similarity is not None and self.duplicate_false_match_rate is not None:
            raise ValueError("give duplicate_similarity or duplicate_false_match_rate, not both")
        return self

    @property
    def traits(self) -> frozenset[Trait]:
        """What has to be measured on a face to judge it."""
        looks = {Trait.QUALITY} if self._any("min_quality", "max_blur", "max_occlusion", "max_illumination") else set()
        return frozenset(looks | ({Trait.POSE} if self._any("max_yaw", "max_pitch", "max_roll") else set()))

    def duplicate_cosine(self, scale: Calibration) -> float | None:
        """The cosine from which on two faces are taken for one person's; None where that is not looked at."""
        if self.duplicate_similarity is not None:
            return scale.cosine(self.duplicate_similarity)
        if self.duplicate_false_match_rate is not None:
            return scale.cosine_at(self.duplicate_false_match_rate)
        return None

    def _any(self, *names: str) -> bool:
        return any(getattr(self, name) is not None for name in names)


RECOMMENDED_POLICY: Final = Policy(
    min_face_size=limits.ADVISED_FACE_SIZE,
    min_quality=limits.ADVISED_QUALITY,
    max_blur=limits.ADVISED_FLAW,
    max_occlusion=limits.ADVISED_FLAW,
    max_illumination=limits.ADVISED_FLAW,
    max_yaw=30,
    max_pitch=15,
    max_roll=15,
)
"""The limits that FRS advises."""


def judge(policy: Policy, candidate: Candidate, *, place: int, count: int) -> list[Reason]:
    """Why a face does not meet a policy; duplicates are not looked at.

    ``place`` is 0 for the largest of the faces to be enrolled; ``count`` is how many the picture shows.

    Raises:
        ServiceError: ``FRS.0020``, a weight is missing without which a limit cannot be held.
    """
    box = candidate.template.box
    found = {
        Reason.MULTIPLE_FACES: bool(policy.single_face) and count > 1,
        Reason.EXCEEDS_MAX_FACES: _above(place + 1, policy.max_faces),
        Reason.SMALL_BOUNDING_BOX: _below(min(box.width, box.height), policy.min_face_size),
        Reason.LOW_CONFIDENCE: _below(candidate.confidence, policy.min_confidence),
    }
    if Trait.POSE in policy.traits:
        found[Reason.EXTREME_POSE] = _is_extreme(policy, _measured(candidate.traits.pose))
    if Trait.QUALITY in policy.traits:
        found |= _flaws(policy, _measured(candidate.traits.quality))
    return [reason for reason, holds in found.items() if holds]


def _is_extreme(policy: Policy, pose: HeadPose) -> bool:
    angles = ((pose.yaw, policy.max_yaw), (pose.pitch, policy.max_pitch), (pose.roll, policy.max_roll))
    return any(_above(abs(angle), limit) for angle, limit in angles)


def _flaws(policy: Policy, quality: Quality) -> dict[Reason, bool]:
    dark = _above(quality.darkness, policy.max_illumination)
    return {
        Reason.LOW_FACE_QUALITY: _below(quality.total, policy.min_quality),
        Reason.LOW_SHARPNESS: _above(quality.blur, policy.max_blur),
        Reason.OCCLUDED_FACE: _above(quality.occlusion, policy.max_occlusion),
        Reason.LOW_BRIGHTNESS: dark,
        Reason.POOR_ILLUMINATION: not dark and _above(quality.illumination, policy.max_illumination),
    }


def _measured(value: T | None) -> T:
    if value is None:
        raise ServiceError("FRS.0020", "face quality")
    return value


def _above(value: float, limit: float | None) -> bool:
    return limit is not None and value > limit


def _below(value: float, limit: float | None) -> bool:
    return limit is not None and value < limit


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


class Policies:
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
        policy = Policy.parse(values or {})
        face_set = self._face_sets.require(project_id, set_name)
        with translated_errors(set_name):
            self._repository.set_policy(face_set.id, policy.to_store() or None)
        return policy

    async def check(
        self,
        project_id: str,
        set_name: str | None,
        image: EncodedImage,
        values: Mapping[str, Any] | None,
        *,
        single: bool,
    ) -> tuple[Policy, list[JudgedFace]]:
        """What a policy makes of a picture's faces, largest first, or of its main face alone; nothing is enrolled.

        The policy is the one given, else that of the set, else what FRS advises. Duplicates are looked for in the set, if one is
        given, and within the picture.

        Raises:
            ServiceError: ``FRS.0302`` no such set, ``FRS.0012`` no policy, ``FRS.0020`` a limit needs a weight that is not there,
                and what :meth:`Recognizer.candidates` raises.
        """
        given = None if values is None else Policy.parse(values)
        face_set = None
        if set_name is not None:
            face_set = await to_thread.run_sync(self._face_sets.require_usable, project_id, set_name)
        policy = given or (RECOMMENDED_POLICY if face_set is None else _policy(face_set))
        faces = await judge_faces(self._recognizer, image, policy, _TOLD, single=single)
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
        with translated_errors(face_set.name):
            hits = self._galleries.search(face_set.id, face.candidate.template.embedding, Query(1, cosine))
        if not hits:
            return face
        similarity = self._recognizer.calibration.similarity(hits[0].cosine)
        return _duplicated(face, Duplicate(hits[0].face, similarity))


async def judge_faces(
    recognizer: Recognizer, image: EncodedImage, policy: Policy, wanted: Collection[Trait], *, single: bool
) -> list[JudgedFace]:
    """What a policy makes of the faces of a picture, or of its main face alone, but for duplicates.

    ``wanted`` are the traits to measure: at least those that the policy needs.

    Raises:
        ServiceError: ``FRS.0020`` a limit needs a weight that is not there, and what :meth:`Recognizer.candidates` raises.
    """
    candidates = await recognizer.candidates(image, wanted)
    chosen = [one for one in candidates if one.is_main] if single else candidates
    return [
        JudgedFace(one, tuple(judge(policy, one, place=place, count=len(candidates))))
        for place, one in enumerate(chosen)
    ]


def _policy(face_set: FaceSet) -> Policy:
    return Policy.parse(face_set.policy or {})


def _duplicated(face: JudgedFace, duplicate: Duplicate | None = None) -> JudgedFace:
    return replace(face, reasons=(*face.reasons, Reason.DUPLICATE_PERSON), duplicate=duplicate)
