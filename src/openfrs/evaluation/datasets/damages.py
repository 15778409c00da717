"""Damaged versions of photographs, as poor cameras, compression, covers and crops make them."""

import zlib
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.types import Detection, Image

JPEG_QUALITY: Final = 20
SMALL_SIDE: Final = 24
"""Longer side of a small face in pixels."""

BLUR_SHARE: Final = 0.04
"""Standard deviation of the blur as a share of the longer side of the face: about 4 pixels on a photograph of LFW."""

DARK_SHARE: Final = 0.1
CUT_SHARE: Final = 0.4
"""Share of the width of the face that is cut off on the left."""

BAR_WIDTH: Final = 2.3
BAR_HEIGHTS: Final = (0.55, 0.85)
"""Size of the bar over the eyes in distances between the eyes; the height is drawn from a range."""

COVERED_FROM: Final = (0.45, 0.6)
"""Upper edge of the cover of the lower face as a share of the height of the face; drawn from a range."""

COVER_COLOURS: Final = ((235, 235, 235), (165, 195, 220), (25, 25, 25), (120, 110, 105))

Damage = Callable[[Image, Detection, np.random.Generator], Image]
"""Returns a damaged version of an image with a face. Shapes and colours are drawn from the generator."""


def damaged(image: Image, face: Detection, damage: str, name: str) -> Image:
    """Return an image under a damage of :data:`DAMAGES`; the same for the same ``name`` of the image."""
    return DAMAGES[damage](image, face, np.random.default_rng(zlib.crc32(f"{damage} {name}".encode())))


def _jpeg(image: Image, _face: Detection, _random: np.random.Generator) -> Image:
    _, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1])


def _small(image: Image, face: Detection, _random: np.random.Generator) -> Image:
    scale = SMALL_SIDE / max(face.width, face.height)
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _blurred(image: Image, face: Detection, _random: np.random.Generator) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), BLUR_SHARE * max(face.width, face.height)), np.uint8)


def _dark(image: Image, _face: Detection, _random: np.random.Generator) -> Image:
    return (image * DARK_SHARE).astype(np.uint8)


def _eyes_covered(image: Image, face: Detection, random: np.random.Generator) -> Image:
    first, second = face.landmarks[0].astype(float), face.landmarks[1].astype(float)
    across = second - first
    down = np.array([-across[1], across[0]]) * random.uniform(*BAR_HEIGHTS) / 2
    middle, half = (first + second) / 2, across * BAR_WIDTH / 2
    corners = np.array([middle - half - down, middle + half - down, middle + half + down, middle - half + down])
    grey = int(random.integers(0, 50))
    return _filled(image, corners, (grey, grey, grey))


def _lower_covered(image: Image, face: Detection, random: np.random.Generator) -> Image:
    top = face.top + random.uniform(*COVERED_FROM) * face.height
    bottom, left, right = face.top + 1.05 * face.height, face.left, face.left + face.width
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return _filled(image, corners, COVER_COLOURS[int(random.integers(len(COVER_COLOURS)))])


def _cut(image: Image, face: Detection, _random: np.random.Generator) -> Image:
    return np.ascontiguousarray(image[:, max(0, round(face.left + CUT_SHARE * face.width)) :])


def _turned(degrees: float) -> Damage:
    def turn(image: Image, _face: Detection, _random: np.random.Generator) -> Image:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
        size = round(width * cosine + height * sine), round(width * sine + height * cosine)
        matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
        return np.asarray(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    return turn


def _filled(image: Image, corners: npt.NDArray[np.float64], colour: tuple[int, int, int]) -> Image:
    covered = image.copy()
    cv2.fillConvexPoly(covered, np.rint(corners).astype(np.int32), colour, lineType=cv2.LINE_AA)
    return covered


DAMAGES: Final[dict[str, Damage]] = {
    "jpeg": _jpeg,
    "small": _small,
    "blur": _blurred,
    "eyes": _eyes_covered,
    "lower": _lower_covered,
    "dark": _dark,
    "cut": _cut,
    **{f"turned-{degrees}": _turned(degrees) for degrees in (30, 45, 90, 135, 180)},
}
