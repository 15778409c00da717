"""Silent liveness: presentation attack detection on a single image."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import simplejpeg

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import main_face
from openfrs.recognition.recognizer import Recognizer
from openfrs.vision.attributes.types import Quality, Trait
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

from .warnings import WarningCode

THRESHOLD: Final = 0.5
"""Minimum confidence at which a face counts as live."""

_MARGIN: Final = 0.3
"""Margin around the cropped face as a share of its sides: a detector finds the face again in the crop."""

_JPEG_QUALITY: Final = 95

_TRAITS: Final = frozenset({Trait.LIVENESS, Trait.QUALITY})


@dataclass(frozen=True, slots=True)
class SilentDecision:
    """The decision on the main face of an image."""

    confidence: float
    """Confidence that the face is live, 0..1."""

    image: bytes
    """The face with a margin, as JPEG."""

    warnings: tuple[WarningCode, ...] = ()
    """In ascending order."""

    @property
    def alive(self) -> bool:
        """True if the face counts as live."""
        return self.confidence >= THRESHOLD


class SilentLiveness:
    """Silent liveness on the recognizer's executors."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    async def check(self, image: EncodedImage) -> SilentDecision:
        """Return the decision on the main face of an image.

        Raises:
            ServiceError: ``FRS.0013/0015/0016/0017`` for the image; ``FRS.0707`` it shows no face; ``FRS.0020`` the weights are
                not installed; ``FRS.0033`` the queue is full.
        """

        def work(pipeline: Pipeline) -> SilentDecision:
            pixels = image.decode()
            return decide(pipeline, pixels, pipeline.detect(pixels))

        return await self._recognizer.run(work, image)


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
