"""The faces of an image judged by a policy: the reasons for rejecting each."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.attributes import require_trait
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.types import FaceTemplate
from openfrs.store.faces.models import Face
from openfrs.vision.attributes.types import HeadPose, Quality, Trait

from .policy import Policy, Reason

BYSTANDER_SIZE: Final = 0.4
"""Side of a face over that of the main face below which it is a bystander's. Faces of a posed group differ by less."""

COMPANION_SIZE: Final = 0.75
"""Side of a face over that of the main face from which it is never a bystander's."""

TURNED_AWAY: Final = 25.0
"""Yaw in degrees beyond that of the main face with which a smaller face is a bystander's."""

OUT_OF_FOCUS: Final = 0.3
"""Blur, 0..1, beyond that of the main face with which a smaller face is a bystander's."""

_BYSTANDER_TRAITS: Final = frozenset({Trait.POSE, Trait.QUALITY})


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
    recognisability: float | None = None
    """How unlike the faces of the cohort it is, 0..1; None if the embedder has no cohort."""

    duplicate: Duplicate | None = None


async def judge_image(
    recognizer: Recognizer,
    image: EncodedImage,
    policy: Policy,
    traits: Collection[Trait],
    *,
    main_only: bool,
    with_crops: bool = False,
) -> list[JudgedFace]:
    """Check the faces of an image, largest first, or its main face only, against a policy, except for duplicates.

    ``traits`` are measured; they include those that the policy needs. ``with_crops`` adds crops to the templates.

    Raises:
        ServiceError: ``FRS.0020`` a limit needs a model that is not installed, and errors of :meth:`Recognizer.templates`.
    """
    # limits and traits need all faces, detected at full resolution
    measured = bool(traits) or not policy.is_empty
    quick = main_only and not measured
    compared = _BYSTANDER_TRAITS if policy.rejects_bystanders and not main_only else ()
    faces = await recognizer.templates(image, traits, main_only=quick, compared=compared, with_crops=with_crops)

    def judged_face(face: FaceTemplate, rank: int, *reasons: Reason) -> JudgedFace:
        recognisability = recognizer.scale.recognisability(face.embedding) if measured else None
        own = judge_face(policy, face, rank=rank, face_count=len(faces), recognisability=recognisability)
        return JudgedFace(face, (*reasons, *own), recognisability)

    if main_only:
        return [judged_face(face, 0) for face in faces if face.is_main]
    main = next((face for face in faces if face.is_main), None)
    judged, rank = [], 0
    for face in faces:
        if main is not None and policy.rejects_bystanders and is_bystander(face, main):
            judged.append(judged_face(face, rank, Reason.BYSTANDER))
        else:
            judged.append(judged_face(face, rank))
            rank += 1
    return judged


def is_bystander(face: FaceTemplate, main: FaceTemplate) -> bool:
    """Return True if a face is much smaller than the main face of its image, or smaller and turned away or out of focus.

    A pose or a quality that was not measured does not count.
    """
    size = math.sqrt(face.box.width * face.box.height / (main.box.width * main.box.height))
    if size < BYSTANDER_SIZE:
        return True
    if size >= COMPANION_SIZE:
        return False
    (pose, quality), (main_pose, main_quality) = ((each.traits.pose, each.traits.quality) for each in (face, main))
    turned = pose is not None and main_pose is not None and abs(pose.yaw) > abs(main_pose.yaw) + TURNED_AWAY
    blurred = quality is not None and main_quality is not None and quality.blur > main_quality.blur + OUT_OF_FOCUS
    return turned or blurred


def judge_face(
    policy: Policy, face: FaceTemplate, *, rank: int, face_count: int, recognisability: float | None = None
) -> list[Reason]:
    """Return the reasons for rejecting a face, except for duplicates.

    ``rank`` is 0 for the largest of the faces to enrol; ``face_count`` counts all faces of the image.

    Raises:
        ServiceError: ``FRS.0020`` a limit needs a model that is not installed, or a cohort that the embedder does not have.
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
    if policy.min_recognisability is not None:
        checks[Reason.LOW_RECOGNISABILITY] = require_trait(recognisability) < policy.min_recognisability
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


def with_duplicate(face: JudgedFace, duplicate: Duplicate | None = None) -> JudgedFace:
    """Return a face with a duplicate as a further reason for its rejection."""
    return replace(face, reasons=(*face.reasons, Reason.DUPLICATE_PERSON), duplicate=duplicate)
