"""Enrolment policies: limits on the faces of a face set, the default policies, and the reasons for rejecting a face.

Reason codes are those of AWS Rekognition's ``IndexFaces`` where it has one for the reason.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field, model_validator

from openfrs.core import limits
from openfrs.recognition.similarity import Calibration, unrounded
from openfrs.store.faces.models import FaceSet
from openfrs.vision.attributes.types import Trait

from .stored_model import StoredModel


class Reason(StrEnum):
    """Reasons for not enrolling a face."""

    EXCEEDS_MAX_FACES = "EXCEEDS_MAX_FACES"
    MULTIPLE_FACES = "MULTIPLE_FACES"
    BYSTANDER = "BYSTANDER"
    SMALL_BOUNDING_BOX = "SMALL_BOUNDING_BOX"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    EXTREME_POSE = "EXTREME_POSE"
    LOW_FACE_QUALITY = "LOW_FACE_QUALITY"
    LOW_SHARPNESS = "LOW_SHARPNESS"
    LOW_RECOGNISABILITY = "LOW_RECOGNISABILITY"
    OCCLUDED_FACE = "OCCLUDED_FACE"
    LOW_BRIGHTNESS = "LOW_BRIGHTNESS"
    POOR_ILLUMINATION = "POOR_ILLUMINATION"
    DUPLICATE_PERSON = "DUPLICATE_PERSON"
    UNCONFIRMED_ORIENTATION = "UNCONFIRMED_ORIENTATION"


Fraction = Annotated[float, Field(ge=0, le=1)]
Degrees = Annotated[float, Field(ge=0, le=180)]


class Policy(StoredModel):
    """Limits on the faces of a set. A limit of None is not checked; a value equal to its limit passes.

    Every policy with a limit also rejects bystanders, unless ``bystanders`` is true.
    """

    parameter: ClassVar[str] = "policy"

    single_face: bool | None = None
    max_faces: Annotated[int, Field(ge=1, le=1000)] | None = None
    bystanders: bool | None = None
    min_face_size: Annotated[int, Field(ge=1, le=limits.MAX_IMAGE_SIDE)] | None = None
    min_confidence: Fraction | None = None
    min_quality: Fraction | None = None
    min_recognisability: Fraction | None = None
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
    def rejects_bystanders(self) -> bool:
        """True if bystanders are not enrolled."""
        return not self.is_empty and not self.bystanders

    @property
    def traits(self) -> frozenset[Trait]:
        """The traits that the limits need."""
        traits = set[Trait]()
        if self._has_any("min_quality", "max_blur", "max_occlusion", "max_illumination"):
            traits.add(Trait.QUALITY)
        if self._has_any("max_yaw", "max_pitch", "max_roll"):
            traits.add(Trait.POSE)
        return frozenset(traits)

    def duplicate_limit(self, calibration: Calibration) -> float | None:
        """Return the similarity, not rounded, from which faces count as the same person's; None if duplicates are not checked."""
        if self.duplicate_similarity is not None:
            return unrounded(self.duplicate_similarity)
        if self.duplicate_false_match_rate is not None:
            score = calibration.score_at(self.duplicate_false_match_rate)
            return float(calibration.similarities(np.array([score]))[0])
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

PolicyName = Literal["none", "standard", "strict"]
"""Name of a default policy."""

DEFAULT_POLICIES: Final[Mapping[PolicyName, Policy]] = MappingProxyType(
    {
        "none": Policy(),
        "standard": Policy(min_face_size=40, max_blur=0.8, max_yaw=60, max_pitch=40, max_roll=45),
        "strict": RECOMMENDED_POLICY,
    }
)
"""The default policies by name: no limits, limits for photographs of any source, and those for photographs made for enrolment."""


def parse_policy(values: Mapping[str, Any] | PolicyName) -> Policy:
    """Validate a policy: the name of a default policy, or limits by name.

    Raises:
        ServiceError: ``FRS.0012`` a limit is unknown, or its value is out of range.
    """
    return DEFAULT_POLICIES[values] if isinstance(values, str) else Policy.parse(values)


def policy_for(face_set: FaceSet) -> Policy:
    """Return the policy of a face set, or an empty policy if it has none."""
    return Policy.parse(face_set.policy or {})
