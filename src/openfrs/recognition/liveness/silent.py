"""Silent liveness: presentation attack detection on a single image."""

from typing import Final

import numpy as np
import simplejpeg

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.recognition.main_face import main_face
from openfrs.vision.attributes.types import Quality, Trait
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

from .types import SilentDecision
from .warnings import WarningCode

_MARGIN: Final = 0.3
"""Margin around the cropped face as a share of its sides: a detector finds the face again in the crop."""

_JPEG_QUALITY: Final = 95

_TRAITS: Final = frozenset({Trait.LIVENESS, Trait.QUALITY})


def decide(pipeline: Pipeline, image: Image, faces: list[Detection]) -> SilentDecision:
    """Return the decision on the main one of the ``faces`` detected in ``image``.

    Raises:
        ServiceError: ``FRS.0707`` there are no faces; ``FRS.0020`` the weights are not installed.
    """
    face = main_face(faces, image)
    if face is None:
        raise ServiceError("FRS.0707")
    traits = pipeline.describe(image, face, _TRAITS)
    if traits.live is None:
        raise ServiceError("FRS.0020", "silent liveness")
    return SilentDecision(traits.live, crop_face(image, face), _warnings(traits.quality, len(faces)))


def confidence(pipeline: Pipeline, image: Image, face: Detection) -> float | None:
    """Return the confidence that a face is live, 0..1; None if the weights are not installed."""
    return pipeline.describe(image, face, {Trait.LIVENESS}).live


def crop_face(image: Image, face: Detection) -> bytes:
    """Return a face with a margin as JPEG."""
    height, width = image.shape[:2]
    across, down = _MARGIN * face.width, _MARGIN * face.height
    box = BoundingBox.clipped(
        face.left - across, face.top - down, face.width + 2 * across, face.height + 2 * down, within=(width, height)
    )
    crop = image[box.top : box.top + box.height, box.left : box.left + box.width]
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(crop), quality=_JPEG_QUALITY, colorspace="RGB"))


def _warnings(quality: Quality | None, faces: int) -> tuple[WarningCode, ...]:
    conditions = {WarningCode.SEVERAL_FACES: faces > 1}
    if quality is not None:
        conditions |= {
            WarningCode.LOW_QUALITY: quality.total < limits.RECOMMENDED_QUALITY,
            WarningCode.BLURRED: quality.blur > limits.RECOMMENDED_FLAW,
            WarningCode.TURNED_AWAY: quality.pose > limits.RECOMMENDED_FLAW,
            WarningCode.OCCLUDED: quality.occlusion > limits.RECOMMENDED_FLAW,
            WarningCode.BADLY_LIT: quality.illumination > limits.RECOMMENDED_FLAW,
        }
    return tuple(sorted(code for code, applies in conditions.items() if applies))
