"""Cues around the face: straight edges and dark frames of screens and paper, and light and detail relative to the face."""

from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.types import Detection, Image

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SURROUNDINGS: Final = 3.2
"""Side of the analysed square in longer sides of the face's box."""

SIDE: Final = 192
"""Side of the square in pixels after resizing."""

_RING_STARTS: Final = 1.15
"""Distance from the centre, in half sides of the box, at which the surroundings begin."""

_DARK: Final = 35
"""Luma below which a pixel of the surroundings may belong to the frame of a screen."""

_EDGE_THRESHOLDS: Final = (40, 120)
_SHORTEST_LINE: Final = 30
_LONGEST_GAP: Final = 4


def context(image: Image, face: Detection) -> Floats:
    """Return the cues of the surroundings of a face, shape (13,).

    They are: the share of the square inside the image; luma and chroma of the face minus the surroundings (3); logarithms of the
    ratios of their contrasts (3); the share of dark pixels; the lengths of the two longest lines, the number of lines and the
    total length of the ten longest, all scaled to about 0..1; the logarithm of the ratio of fine detail.
    """
    chip, inside = _square(image, face)
    planes = cv2.cvtColor(chip, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    half = SIDE / SURROUNDINGS / 2
    rows, columns = np.abs(np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5)
    core = (rows < half) & (columns < half)
    ring = ((rows > _RING_STARTS * half) | (columns > _RING_STARTS * half)) & inside
    if not ring.any():
        ring = ~core
    searched = cv2.erode(inside.astype(np.uint8), np.ones((5, 5))).astype(bool)
    lines = _lines(chip, searched & ((columns > half) | (rows > 1.1 * half)))
    longest = [*sorted(lines, reverse=True), 0.0, 0.0]
    detail = np.abs(cv2.Laplacian(np.ascontiguousarray(planes[..., 0]), cv2.CV_32F))
    face_planes, ring_planes = planes[core], planes[ring]
    return np.array(
        [
            inside.mean(),
            *(face_planes.mean(0) - ring_planes.mean(0)),
            *np.log((face_planes.std(0) + 1) / (ring_planes.std(0) + 1)),
            (ring_planes[:, 0] < _DARK).mean(),
            *(length / SIDE for length in longest[:2]),
            min(len(lines), 20) / 20,
            sum(longest[:10]) / SIDE / 5,
            np.log((detail[core].mean() + 0.2) / (detail[ring].mean() + 0.2)),
        ],
        np.float64,
    )


def _square(image: Image, face: Detection) -> tuple[Image, Mask]:
    """Return the square around a face in RGB, and which of its pixels lie inside the image; the others repeat its edge."""
    extent = SURROUNDINGS * max(face.width, face.height)
    height, width = image.shape[:2]
    across = _Interval.around(face.left + face.width / 2, extent, width)
    down = _Interval.around(face.top + face.height / 2, extent, height)
    visible = image[down.source, across.source]
    method = cv2.INTER_AREA if extent > SIDE else cv2.INTER_LINEAR
    size = (across.target.stop - across.target.start, down.target.stop - down.target.start)
    borders = (down.target.start, SIDE - down.target.stop, across.target.start, SIDE - across.target.stop)
    chip = cv2.copyMakeBorder(cv2.resize(visible, size, interpolation=method), *borders, cv2.BORDER_REPLICATE)
    inside = np.zeros((SIDE, SIDE), np.bool_)
    inside[down.target, across.target] = True
    return np.asarray(chip, np.uint8), inside


class _Interval(NamedTuple):
    """The part of one side of the square that is visible, in pixels of the image and of the square; neither is empty."""

    source: slice
    target: slice

    @classmethod
    def around(cls, centre: float, extent: float, limit: int) -> "_Interval":
        """Return the interval of ``extent`` pixels around ``centre`` in an image of ``limit`` pixels."""
        start = centre - extent / 2
        first = int(np.clip(round(start), 0, limit - 1))
        last = int(np.clip(round(start + extent), first + 1, limit))
        scale = SIDE / extent
        left = int(np.clip(round((first - start) * scale), 0, SIDE - 1))
        right = int(np.clip(round((last - start) * scale), left + 1, SIDE))
        return cls(slice(first, last), slice(left, right))


def _lines(chip: Image, mask: Mask) -> list[float]:
    """Return the lengths in pixels of straight edges."""
    edges = cv2.Canny(cv2.GaussianBlur(chip, (3, 3), 0), *_EDGE_THRESHOLDS)
    edges[~mask] = 0
    segments = cv2.HoughLinesP(edges, 1, np.pi / 180, 30, minLineLength=_SHORTEST_LINE, maxLineGap=_LONGEST_GAP)
    ends = np.zeros((0, 4)) if segments is None else np.reshape(segments, (-1, 4))
    return [float(np.hypot(x2 - x1, y2 - y1)) for x1, y1, x2, y2 in ends]
