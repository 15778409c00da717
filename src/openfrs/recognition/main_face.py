"""The one face a picture is about, found at the least cost."""

from dataclasses import dataclass
from typing import Final

from openfrs.core.geometry import BoundingBox
from openfrs.media.decoding.image import decode, decode_reduced
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image, main_face

REDUCED_SIDE: Final = 1024
"""A large JPEG is first decoded to at least so many pixels: the detector looks at fewer, and an embedding needs 112."""

PLAIN_SCORE: Final = 0.9
PLAIN_SHARE: Final = 0.125
"""How certain the detector must be, and what share of the picture's longer side a face must take, for the reduced picture to
suffice: a face of 128 pixels in it is no smaller than the chip that is cut from it."""


@dataclass(frozen=True, slots=True, eq=False)
class MainFace:
    """A face, and the pixels in which it was found: those of the whole picture at a ``scale`` of 0..1."""

    image: Image
    face: Detection
    scale: float

    @property
    def box(self) -> BoundingBox:
        """Where the face is in the picture at its full scale."""
        height, width = (round(side / self.scale) for side in self.image.shape[:2])
        left, top, across, down = (
            each / self.scale for each in (self.face.left, self.face.top, self.face.width, self.face.height)
        )
        return BoundingBox.clipped(left, top, across, down, within=(width, height))


def find_main_face(pipeline: Pipeline, data: bytes, parameter: str) -> MainFace | None:
    """The main face of a picture; nothing where it shows none.

    Only where a large JPEG shows no large face plainly when it is reduced is it decoded at its full scale.

    Raises:
        ServiceError: as :func:`openfrs.media.picture.decode`.
    """
    image, scale = decode_reduced(data, parameter, REDUCED_SIDE)
    faces = pipeline.detect(image)
    if scale < 1 and not _seen_plainly(faces, image):
        image, scale = decode(data, parameter), 1.0
        faces = pipeline.detect(image)
    return next((MainFace(image, face, scale) for face in main_face(faces, image)), None)


def _seen_plainly(faces: list[Detection], image: Image) -> bool:
    """Whether the main face of a reduced picture, largest face first, is the one that all pixels would show."""
    if not faces:
        return False
    share = max(faces[0].width, faces[0].height) / max(image.shape[:2])
    return faces[0].score >= PLAIN_SCORE and share >= PLAIN_SHARE
