"""Silent liveness: the verdict on one picture, without asking the person for anything."""

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

ALIVE: Final = 0.5
"""The confidence from which a face counts as alive."""

_MARGIN: Final = 0.3
"""How much of a face's sides is shown around it: enough that the face is found again in its picture."""

_JPEG_QUALITY: Final = 95

_NEEDED: Final = frozenset({Trait.LIVENESS, Trait.QUALITY})


@dataclass(frozen=True, slots=True)
class SilentDecision:
    """What one picture says of the face it is about."""

    confidence: float
    """How sure it is that the face is a person's, 0..1."""

    picture: bytes
    """The face with a little around it, as JPEG."""

    warnings: tuple[WarningCode, ...] = ()
    """In ascending order."""

    @property
    def alive(self) -> bool:
        """Whether the face is taken for a person's."""
        return self.confidence >= ALIVE


class SilentLiveness:
    """Judges pictures on the recognizer's threads."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    async def judge(self, image: EncodedImage) -> SilentDecision:
        """The verdict on a picture's main face.

        Raises:
            ServiceError: ``FRS.0013/0015/0016/0017`` for the picture, ``FRS.0707`` it shows no face, ``FRS.0020`` the weights
                are not there, ``FRS.0033`` there is no room.
        """

        def work(pipeline: Pipeline) -> SilentDecision:
            pixels = image.decode()
            return verdict(pipeline, pixels, pipeline.detect(pixels))

        return await self._recognizer.run(work, image)


def verdict(pipeline: Pipeline, image: Image, faces: list[Detection]) -> SilentDecision:
    """The verdict on the main one of the ``faces`` found in ``image``.

    Raises:
        ServiceError: ``FRS.0707`` there is none, ``FRS.0020`` the weights are not there.
    """
    face = main_face(faces, image)
    if face is None:
        raise ServiceError("FRS.0707")
    traits = pipeline.describe(image, face, _NEEDED)
    if traits.live is None:
        raise ServiceError("FRS.0020", "silent liveness")
    return SilentDecision(traits.live, crop_face(image, face), _warnings(traits.quality, len(faces)))


def confidence(pipeline: Pipeline, image: Image, face: Detection) -> float | None:
    """How sure one frame is that a face is a person's, 0..1; None where the weights are not there."""
    return pipeline.describe(image, face, {Trait.LIVENESS}).live


def crop_face(image: Image, face: Detection) -> bytes:
    """A face with a little around it, as JPEG."""
    height, width = image.shape[:2]
    across, down = _MARGIN * face.width, _MARGIN * face.height
    box = BoundingBox.clipped(
        face.left - across, face.top - down, face.width + 2 * across, face.height + 2 * down, within=(width, height)
    )
    cut = image[box.top : box.top + box.height, box.left : box.left + box.width]
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(cut), quality=_JPEG_QUALITY, colorspace="RGB"))


def _warnings(quality: Quality | None, faces: int) -> tuple[WarningCode, ...]:
    beyond = {WarningCode.SEVERAL_FACES: faces > 1}
    if quality is not None:
        beyond |= {
            WarningCode.LOW_QUALITY: quality.total < limits.ADVISED_QUALITY,
            WarningCode.BLURRED: quality.blur > limits.ADVISED_FLAW,
            WarningCode.TURNED_AWAY: quality.pose > limits.ADVISED_FLAW,
            WarningCode.OCCLUDED: quality.occlusion > limits.ADVISED_FLAW,
            WarningCode.BADLY_LIT: quality.illumination > limits.ADVISED_FLAW,
        }
    return tuple(sorted(warned for warned, is_so in beyond.items() if is_so))
