"""Bounding boxes and their overlap."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Edges = npt.NDArray[np.float64]
"""Boxes as an array of shape (n, 4): left, top, right, bottom in pixels."""


class Box(Protocol):
    """A rectangle in pixels."""

    @property
    def left(self) -> float:
        """Left edge."""

    @property
    def top(self) -> float:
        """Top edge."""

    @property
    def width(self) -> float:
        """Width."""

    @property
    def height(self) -> float:
        """Height."""


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A box in whole pixels of the upright image. It lies inside the image and is at least one pixel wide and high."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def clipped(cls, left: float, top: float, width: float, height: float, *, within: tuple[int, int]) -> "BoundingBox":
        """Return a box rounded to whole pixels and clipped to an image of ``within`` = (width, height) pixels."""
        x0, x1 = (min(max(round(x), 0), within[0]) for x in (left, left + width))
        y0, y1 = (min(max(round(y), 0), within[1]) for y in (top, top + height))
        x0, y0 = min(x0, within[0] - 1), min(y0, within[1] - 1)
        return cls(x0, y0, max(1, x1 - x0), max(1, y1 - y0))


def intersection_over_union(first: Box, second: Box) -> float:
    """Return the intersection over union of two boxes, 0..1; 0 if both are empty."""
    width = min(first.left + first.width, second.left + second.width) - max(first.left, second.left)
    height = min(first.top + first.height, second.top + second.height) - max(first.top, second.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (first.width * first.height + second.width * second.height - shared)


def pairwise_intersection_over_union(first: Edges, second: Edges) -> npt.NDArray[np.float64]:
    """Return the intersection over union of each pair of boxes: shape (len(first), len(second)), 0..1."""
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.clip(bottom_right - top_left, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    ratio: npt.NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratio
