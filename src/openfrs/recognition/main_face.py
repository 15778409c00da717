"""The main face of an image, and its detection at the lowest cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openfrs.core.geometry import BoundingBox
from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

AS_LARGE: Final = 0.9
"""Faces whose sides are at least this share of the largest face's count as equally large: boxes are no more precise."""

REDUCED_SIDE: Final = 1024
"""Side in pixels to which a large JPEG is reduced first: the detector uses fewer pixels, and an embedding needs 112."""

CLEAR_SCORE: Final = 0.9
CLEAR_SHARE: Final = 0.125
"""Detection score, and share of the image's longer side, from which a face found in the reduced image is accepted: its 128
pixels exceed the 112 of the aligned chip."""


@dataclass(frozen=True, slots=True, eq=False)
class MainFace:
    """A face, and the pixels in which it was detected at a ``scale`` of 0..1."""

    pixels: Image
    face: Detection
    scale: float

    @property
    def box(self) -> BoundingBox:
        """The bounding box in the image at full scale."""
        height, width = (round(side / self.scale) for side in self.pixels.shape[:2])
        left, top, across, down = (
            each / self.scale for each in (self.face.left, self.face.top, self.face.width, self.face.height)
        )
        return BoundingBox.clipped(left, top, across, down, within=(width, height))


def main_face(faces: Sequence[Detection], image: Image) -> Detection | None:
    """Return the largest face, or the most central of several equally large ones; None if there are no faces."""
    height, width = map(int, image.shape[:2])
    least = AS_LARGE**2 * max((face.area for face in faces), default=0)
    large = [face for face in faces if face.area >= least]

    def distance(face: Detection) -> float:
        return abs(face.left + face.width / 2 - width / 2) + abs(face.top + face.height / 2 - height / 2)

    return min(large, key=distance, default=None)


def find_main_face(pipeline: Pipeline, image: EncodedImage) -> MainFace | None:
    """Detect the main face of an image; None if it shows no face.

    A large JPEG is decoded at full scale only if its reduced version shows no large, clear face.

    Raises:
        ServiceError: as :meth:`~openfrs.media.decoding.image.EncodedImage.decode`.
    """
    pixels, scale = image.decode_reduced(REDUCED_SIDE)
    faces = pipeline.detect(pixels)
    if scale < 1 and not _is_clear(faces, pixels):
        pixels, scale = image.decode(), 1.0
        faces = pipeline.detect(pixels)
    face = main_face(faces, pixels)
    return None if face is None else MainFace(pixels, face, scale)


def _is_clear(faces: Sequence[Detection], pixels: Image) -> bool:
    """Return whether the first, largest face of a reduced image makes detection at full scale unnecessary."""
    if not faces:
        return False
    share = max(faces[0].width, faces[0].height) / max(pixels.shape[:2])
    return faces[0].score >= CLEAR_SCORE and share >= CLEAR_SHARE
