"""Enrolment policies: limits on the faces of a face set, and the reasons for rejecting a face.

Reason codes are those of AWS Rekognition's ``IndexFaces`` where it has one for the reason.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

from anyio import to_thread
from pydantic import Field, model_validator

from openfrs.core import limits
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.attributes import require_trait
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.similarity import Calibration
from openfrs.recognition.types import FaceTemplate
from openfrs.store.faces.models import Face, FaceSet
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries, distinct
from openfrs.vision.attributes.types import HeadPose, Quality, Trait

from .errors import translated_errors
from .face_sets import FaceSets
from .stored_model import StoredModel

_REPORTED_TRAITS: Final = frozenset({Trait.QUALITY, Trait.POSE})


class Reason(StrEnum):
    """Reasons for not enrolling a face."""

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
    """Limits on the faces of a set. A limit of None is not checked; a value equal to its limit passes."""

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
    def _check_duplicate_limit(self) -> "Policy":
        if self.duplicate_similarity is not None and self.duplicate_false_match_rate is not None:
            raise ValueError("give duplicate_similarity or duplicate_false_match_rate, not both")
        return self

    @property
    def is_empty(self) -> bool:
        """True if the policy has no limit."""
        return not self.to_store()

    @property
    def traits(self) -> frozenset[Trait]:
        """The traits that the limits need."""
        traits = set[Trait]()
        if self._has_any("min_quality", "max_blur", "max_occlusion", "max_illumination"):
            traits.add(Trait.QUALITY)
        if self._has_any("max_yaw", "max_pitch", "max_roll"):
            traits.add(Trait.POSE)
        return frozenset(traits)

    def duplicate_cosine(self, calibration: Calibration) -> float | None:
        """Return the cosine from which two faces count as the same person's; None if duplicates are not checked."""
        if self.duplicate_similarity is not None:
            return calibration.score(self.duplicate_similarity)
        if self.duplicate_false_match_rate is not None:
            return calibration.score_at(self.duplicate_false_match_rate)
        return None

    def _has_any(self, *names: str) -> bool:
        return any(getattr(self, name) is not None for name in names)


RECOMMENDED_POLICY: Final = Policy(
    min_face_size=limits.RECOMMENDED_FACE_SIZE,
    min_quality=limits.RECOMMENDED_QUALITY,
    max_blur=limits.RECOMMENDED_FLAW,
    max_occlusion=limits.RECOMMENDED_FLAW,
    max_illumination=limits.RECOMMENDED_FLAW,
    max_yaw=30,
    max_pitch=15,
    max_roll=15,
)
"""The limits that FRS recommends."""


def policy_for(face_set: FaceSet) -> Policy:
    """Return the policy of a face set, or an empty policy if it has none."""
    return Policy.parse(face_set.policy or {})


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The most similar enrolled face, and its similarity, 0..1."""

    face: Face
    similarity: float


@dataclass(frozen=True, slots=True)
class JudgedFace:
    """A face and the reasons for rejecting it; it is accepted if there are none."""

    template: FaceTemplate
    reasons: tuple[Reason, ...]
    duplicate: Duplicate | None = None


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

    def set_policy(self, project_id: str, set_name: str, values: Mapping[str, Any] | None) -> Policy:
        """Replace or, with None, remove the policy of a set. Requests that have begun use the old one.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` the policy is invalid.
        """
        policy = Policy.parse(values or {})
        face_set = self._face_sets.require(project_id, set_name)
        with translated_errors(set_name):
            self._repository.set_policy(face_set.id, policy.to_store() or None)
        return policy

    async def check_image(
        self,
        project_id: str,
        set_name: str | None,
        image: EncodedImage,
        values: Mapping[str, Any] | None,
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
        policy = None if values is None else Policy.parse(values)
        face_set = None
        if set_name is not None:
            face_set = await to_thread.run_sync(self._face_sets.require_usable, project_id, set_name)
        if policy is None:
            policy = RECOMMENDED_POLICY if face_set is None else policy_for(face_set)
        faces = await judge_image(self._recognizer, image, policy, _REPORTED_TRAITS, main_only=single)
        return policy, await to_thread.run_sync(self._mark_duplicates, face_set, policy, faces)

    def _mark_duplicates(self, face_set: FaceSet | None, policy: Policy, faces: list[JudgedFace]) -> list[JudgedFace]:
        cosine = policy.duplicate_cosine(self._recognizer.calibration)
        if cosine is None:
            return faces
        if face_set is not None:
            faces = [self._mark_enrolled(face_set, cosine, face) for face in faces]
        accepted = [i for i, face in enumerate(faces) if not face.reasons]
        kept = distinct([face.template.embedding for face in faces], accepted, cosine)
        return [_with_duplicate(face) if i in accepted and i not in kept else face for i, face in enumerate(faces)]

    def _mark_enrolled(self, face_set: FaceSet, cosine: float, face: JudgedFace) -> JudgedFace:
        with translated_errors(face_set.name):
            hits = self._galleries.search(face_set.id, face.template.embedding, Query(1, cosine))
        if not hits:
            return face
        similarity = self._recognizer.calibration.similarity(hits[0].cosine)
        return _with_duplicate(face, Duplicate(hits[0].face, similarity))


async def judge_image(
    recognizer: Recognizer, image: EncodedImage, policy: Policy, traits: Collection[Trait], *, main_only: bool
) -> list[JudgedFace]:
    """Check the faces of an image, largest first, or its main face only, against a policy, except for duplicates.

    ``traits`` are measured; they include those that the policy needs.

    Raises:
        ServiceError: ``FRS.0020`` a limit needs a model that is not installed, and errors of :meth:`Recognizer.templates`.
    """
    # limits and traits need all faces, detected at full resolution
    quick = main_only and policy.is_empty and not traits
    faces = await recognizer.templates(image, traits, main_only=quick)
    chosen = [face for face in faces if face.is_main] if main_only else faces
    return [
        JudgedFace(face, tuple(judge_face(policy, face, rank=rank, face_count=len(faces))))
        for rank, face in enumerate(chosen)
    ]


def judge_face(policy: Policy, face: FaceTemplate, *, rank: int, face_count: int) -> list[Reason]:
    """Return the reasons for rejecting a face, except for duplicates.

    ``rank`` is 0 for the largest of the faces to enrol; ``face_count`` counts all faces of the image.

    Raises:
        ServiceError: ``FRS.0020`` a limit needs a model that is not installed.
    """
    checks = {
        Reason.MULTIPLE_FACES: bool(policy.single_face) and face_count > 1,
        Reason.EXCEEDS_MAX_FACES: _above(rank + 1, policy.max_faces),
        Reason.SMALL_BOUNDING_BOX: _below(min(face.box.width, face.box.height), policy.min_face_size),
        Reason.LOW_CONFIDENCE: _below(face.confidence, policy.min_confidence),
    }
    if Trait.POSE in policy.traits:
        checks[Reason.EXTREME_POSE] = _is_extreme(policy, require_trait(face.traits.pose))
    if Trait.QUALITY in policy.traits:
        checks |= _check_quality(policy, require_trait(face.traits.quality))
    return [reason for reason, failed in checks.items() if failed]


def _is_extreme(policy: Policy, pose: HeadPose) -> bool:
    angles = ((pose.yaw, policy.max_yaw), (pose.pitch, policy.max_pitch), (pose.roll, policy.max_roll))
    return any(_above(abs(angle), limit) for angle, limit in angles)


def _check_quality(policy: Policy, quality: Quality) -> dict[Reason, bool]:
    dark = _above(quality.darkness, policy.max_illumination)
    return {
        Reason.LOW_FACE_QUALITY: _below(quality.total, policy.min_quality),
        Reason.LOW_SHARPNESS: _above(quality.blur, policy.max_blur),
        Reason.OCCLUDED_FACE: _above(quality.occlusion, policy.max_occlusion),
        Reason.LOW_BRIGHTNESS: dark,
        Reason.POOR_ILLUMINATION: not dark and _above(quality.illumination, policy.max_illumination),
    }


def _above(value: float, limit: float | None) -> bool:
    return limit is not None and value > limit


def _below(value: float, limit: float | None) -> bool:
    return limit is not None and value < limit


def _with_duplicate(face: JudgedFace, duplicate: Duplicate | None = None) -> JudgedFace:
    return replace(face, reasons=(*face.reasons, Reason.DUPLICATE_PERSON), duplicate=duplicate)
