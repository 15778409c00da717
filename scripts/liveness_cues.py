"""Candidate cues of silent liveness that the service does not use: colours, texture and sharpness of the face."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import cv2
import numpy as np

from openfrs.vision.types import Detection, Image

Floats = np.ndarray[Any, np.dtype[np.float64]]


def colours(image: Image, face: Detection) -> Floats:
    """Return statistics of saturation, brightness and chroma, the correlation of chroma with light, and the clipped share."""
    chip = square(image, face, 96)
    hsv = cv2.cvtColor(chip, cv2.COLOR_RGB2HSV).astype(np.float64)
    ycc = cv2.cvtColor(chip, cv2.COLOR_RGB2YCrCb).astype(np.float64)
    values = [
        value for plane in (hsv[..., 1], hsv[..., 2], ycc[..., 1], ycc[..., 2]) for value in (plane.mean(), plane.std())
    ]
    light = ycc[..., 0] - ycc[..., 0].mean()
    values += [
        float((light * (plane - plane.mean())).mean() / (light.std() * plane.std() + 1e-6))
        for plane in (ycc[..., 1], ycc[..., 2])
    ]
    values += [float((hsv[..., 2] > 250).mean()), float((hsv[..., 2] < 20).mean())]
    used = np.unique((chip // 32).reshape(-1, 3), axis=0, return_counts=True)[1] / chip.shape[0] ** 2
    return np.array([*values, float(-(used * np.log(used)).sum())])


def texture(image: Image, face: Detection) -> Floats:
    """Return uniform local binary patterns of light and chroma at two sizes."""
    rows: list[Floats] = []
    for side in (64, 128):
        planes = cv2.cvtColor(square(image, face, side), cv2.COLOR_RGB2YCrCb).astype(np.int16)
        rows += [_patterns(plane) for plane in np.moveaxis(planes, 2, 0)]
    return np.sqrt(np.concatenate(rows))


def sharpness(image: Image, face: Detection) -> Floats:
    """Return the energy of four levels of detail over contrast, of light and chroma. Recapturing an image softens it."""
    values = []
    planes = cv2.cvtColor(square(image, face, 128), cv2.COLOR_RGB2YCrCb).astype(np.float32)
    for plane in np.moveaxis(planes, 2, 0):
        level, contrast = np.ascontiguousarray(plane), plane.std() + 1
        for _ in range(4):
            lower = cv2.pyrDown(level)
            detail = level - cv2.pyrUp(lower, dstsize=(level.shape[1], level.shape[0]))
            values.append(np.log(detail.std() / contrast + 1e-3))
            level = lower
    return np.array(values, np.float64)


CUES: Final[Mapping[str, Callable[[Image, Detection], Floats]]] = {
    "colours": colours,
    "texture": texture,
    "sharpness": sharpness,
}


def square(image: Image, face: Detection, side: int) -> Image:
    """Return a square around a face, as wide as the longer side of its box. Beyond the image its edge pixels are repeated."""
    extent = max(face.width, face.height)
    finer = max(1, int(np.ceil(extent / side)))
    large = side * finer
    scale = large / extent
    across, down = face.left + face.width / 2, face.top + face.height / 2
    transform = np.array([[scale, 0, large / 2 - across * scale], [0, scale, large / 2 - down * scale]])
    chip = cv2.warpAffine(image, transform, (large, large), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _patterns(plane: np.ndarray[Any, np.dtype[np.int16]]) -> Floats:
    """Return the frequency of each of ten uniform patterns."""
    around = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    height, width = plane.shape[0] - 2, plane.shape[1] - 2
    brighter = np.stack([plane[y : y + height, x : x + width] >= plane[1:-1, 1:-1] for y, x in around]).astype(int)
    changes = (brighter != np.roll(brighter, 1, 0)).sum(0)
    kinds = np.where(changes <= 2, brighter.sum(0), 9)
    return np.bincount(kinds.ravel(), minlength=10) / kinds.size
