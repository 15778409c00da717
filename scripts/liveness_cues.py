"""Candidate cues of silent liveness that the service does not use: other crops, colours, texture, surroundings of the face."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import cv2
import numpy as np

from openfrs.vision.liveness.minifasnet import SIDE, network_margin, surroundings
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

Floats = np.ndarray[Any, np.dtype[np.float64]]

CROPS: Final = (1.0, 1.4, 2.0, 3.5, 4.5)
"""Crop sizes in sides of the box; the service uses 2.7."""


def crops(session: Session, image: Image, face: Detection) -> Floats:
    """Return the network's margin at other crop sizes."""
    return np.array([network_margin(session, surroundings(image, face, factor, SIDE)) for factor in CROPS])


def colours(image: Image, face: Detection) -> Floats:
    """Return statistics of saturation, brightness and chroma, the correlation of chroma with light, and the clipped share."""
    chip = square(image, face, 1.0, 96)
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
        planes = cv2.cvtColor(square(image, face, 1.0, side), cv2.COLOR_RGB2YCrCb).astype(np.int16)
        rows += [_patterns(plane) for plane in np.moveaxis(planes, 2, 0)]
    return np.sqrt(np.concatenate(rows))


def sharpness(image: Image, face: Detection) -> Floats:
    """Return the energy of four levels of detail over contrast, of light and chroma. Recapturing an image softens it."""
    values = []
    planes = cv2.cvtColor(square(image, face, 1.0, 128), cv2.COLOR_RGB2YCrCb).astype(np.float32)
    for plane in np.moveaxis(planes, 2, 0):
        level, contrast = np.ascontiguousarray(plane), plane.std() + 1
        for _ in range(4):
            lower = cv2.pyrDown(level)
            detail = level - cv2.pyrUp(lower, dstsize=(level.shape[1], level.shape[0]))
            values.append(np.log(detail.std() / contrast + 1e-3))
            level = lower
    return np.array(values, np.float64)


def context(image: Image, face: Detection) -> Floats:
    """Return cues of the surroundings: straight lines and dark frames of a bezel; light and detail relative to the face."""
    side, factor = 192, 3.2
    chip, inside = square(image, face, factor, side), _inside(image, face, factor, side)
    planes = cv2.cvtColor(chip, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    half = side / factor / 2
    rows, columns = np.abs(np.mgrid[:side, :side] - side / 2 + 0.5)
    core, ring = (rows < half) & (columns < half), ((rows > 1.15 * half) | (columns > 1.15 * half)) & inside
    if not ring.any():
        ring = ~core
    lines = _lines(
        chip,
        cv2.erode(inside.astype(np.uint8), np.ones((5, 5))).astype(bool) & ((columns > half) | (rows > 1.1 * half)),
    )
    longest = [*sorted(lines, reverse=True), 0.0, 0.0]
    detail = np.abs(cv2.Laplacian(np.ascontiguousarray(planes[..., 0]), cv2.CV_32F))
    return np.array(
        [
            inside.mean(),
            *(planes[core].mean(0) - planes[ring].mean(0)),
            *np.log((planes[core].std(0) + 1) / (planes[ring].std(0) + 1)),
            (planes[..., 0][ring] < 35).mean(),
            *(length / side for length in longest[:2]),
            min(len(lines), 20) / 20,
            sum(longest[:10]) / side / 5,
            np.log((detail[core].mean() + 0.2) / (detail[ring].mean() + 0.2)),
        ],
        np.float64,
    )


CUES: Final[Mapping[str, Callable[[Image, Detection], Floats]]] = {
    "colours": colours,
    "texture": texture,
    "sharpness": sharpness,
    "context": context,
}


def square(image: Image, face: Detection, factor: float, side: int) -> Image:
    """Return a square around a face, ``factor`` times the longer side of its box. Beyond the image its edge pixels are repeated."""
    chip = _warped(image, face, factor, side, cv2.BORDER_REPLICATE)
    return np.asarray(chip, np.uint8)


def _inside(image: Image, face: Detection, factor: float, side: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray(_warped(np.full(image.shape[:2], 255, np.uint8), face, factor, side, cv2.BORDER_CONSTANT) > 128)


def _warped(image: Image, face: Detection, factor: float, side: int, border: int) -> Image:
    extent = factor * max(face.width, face.height)
    finer = max(1, int(np.ceil(extent / side)))
    large = side * finer
    scale = large / extent
    across, down = face.left + face.width / 2, face.top + face.height / 2
    transform = np.array([[scale, 0, large / 2 - across * scale], [0, scale, large / 2 - down * scale]])
    chip = cv2.warpAffine(image, transform, (large, large), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _patterns(plane: np.ndarray[Any, np.dtype[np.int16]]) -> Floats:
    """Return the frequency of each of ten uniform patterns."""
    around = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    height, width = plane.shape[0] - 2, plane.shape[1] - 2
    brighter = np.stack([plane[y : y + height, x : x + width] >= plane[1:-1, 1:-1] for y, x in around]).astype(int)
    changes = (brighter != np.roll(brighter, 1, 0)).sum(0)
    kinds = np.where(changes <= 2, brighter.sum(0), 9)
    return np.bincount(kinds.ravel(), minlength=10) / kinds.size


def _lines(chip: Image, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> list[float]:
    """Return the lengths of straight edges."""
    edges = cv2.Canny(cv2.GaussianBlur(chip, (3, 3), 0), 40, 120)
    edges[~mask] = 0
    segments = cv2.HoughLinesP(edges, 1, np.pi / 180, 30, minLineLength=30, maxLineGap=4)
    ends = np.zeros((0, 4)) if segments is None else np.reshape(segments, (-1, 4))
    return [float(np.hypot(x2 - x1, y2 - y1)) for x1, y1, x2, y2 in ends]
