"""The main face of an image, found at the lowest cost, and all faces that can be embedded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openfrs.core.checkpoints import checkpoint
from openfrs.core.geometry import BoundingBox, intersection_over_union
from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.detection.rotation import to_original, unrotate
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

AS_LARGE: Final = 0.9
"""Faces whose sides are at least this share of the largest face's count as equally large: boxes are no more precise."""

REDUCED_SIDE: Final = 1024
"""Side in pixels to which a large JPEG is reduced first: the detector uses fewer pixels, and an embedding needs 112."""

CLEAR_SCORE: Final = 0.75
"""Score from which a large face is accepted without a search for others. In a reduced image it has at least 128 pixels, more than
the 112 of the aligned chip."""

SAME_FACE: Final = 0.5
"""Intersection over union above which two confirmed boxes belong to the same face."""


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
    """Find the main face of an image, at any rotation; None if no face is confirmed.

    A large JPEG is decoded at full scale only if its reduced version shows no large, clear face.

    Raises:
        ServiceError: as :meth:`~openfrs.media.decoding.image.EncodedImage.decode`.
    """
    pixels, scale = image.decode_reduced(REDUCED_SIDE)
    face = _clear_face(pipeline, pixels)
    if face is None and scale < 1:
        pixels, scale = image.decode(), 1.0
    face = face or _searched_face(pipeline, pixels)
    return None if face is None else MainFace(pixels, _main_if_turned(pipeline, pixels, face), scale)


def find_main_face_in(pipeline: Pipeline, pixels: Image) -> Detection | None:
    """Find the main face of a decoded image, as :func:`find_main_face` does."""
    face = _clear_face(pipeline, pixels) or _searched_face(pipeline, pixels)
    return None if face is None else _main_if_turned(pipeline, pixels, face)


def find_faces(pipeline: Pipeline, pixels: Image) -> list[Detection]:
    """Find all confirmed faces of an image, largest first.

    Faces that no orientation confirms are left out: their embeddings resemble those of other such faces. Faces are searched at
    other rotations only if none is confirmed upright.
    """
    return _confirmed(pipeline, pixels, pipeline.detect(pixels)) or _confirmed(
        pipeline, pixels, pipeline.detect_large_turned(pixels)
    )


def _confirmed(pipeline: Pipeline, pixels: Image, faces: Sequence[Detection]) -> list[Detection]:
    """Return the confirmed ones of detected faces, each once, largest first."""
    kept: list[Detection] = []
    for face in faces:
        checkpoint()
        confirmed = pipeline.confirm(pixels, face)
        if confirmed is not None and all(intersection_over_union(confirmed, each) <= SAME_FACE for each in kept):
            kept.append(confirmed)
    return sorted(kept, key=lambda face: face.area, reverse=True)


def _clear_face(pipeline: Pipeline, pixels: Image) -> Detection | None:
    """Return the main face if a quick look shows it large and clear."""
    face = main_face(pipeline.detect_large(pixels), pixels)
    confirmed = None if face is None else pipeline.confirm(pixels, face)
    return None if confirmed is None or confirmed.score < CLEAR_SCORE else confirmed


def _searched_face(pipeline: Pipeline, pixels: Image) -> Detection | None:
    """Return the main one of all confirmed faces, upright or else at other rotations."""
    for detect in (pipeline.detect, pipeline.detect_large_turned):
        faces = detect(pixels)
        while (face := main_face(faces, pixels)) is not None:
            checkpoint()
            confirmed = pipeline.confirm(pixels, face)
            if confirmed is not None:
                return confirmed
            faces.remove(face)
    return None


def _main_if_turned(pipeline: Pipeline, pixels: Image, found: Detection) -> Detection:
    """Return the main face of an image that is turned like the face that was found, in which others may have been missed."""
    if not found.rotation:
        return found
    turned = pipeline.detect_large(unrotate(pixels, found.rotation))
    face = main_face([to_original(face, pixels, found.rotation) for face in turned], pixels)
    other = None if face is None else pipeline.confirm(pixels, face)
    if other is None or intersection_over_union(other, found) > SAME_FACE:
        return found
    return main_face([found, other], pixels) or found
