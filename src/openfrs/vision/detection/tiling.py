"""Cut an image into overlapping square tiles, and merge the detections of all tiles.

Rows are those of :func:`openfrs.vision.detection.yunet.decode_outputs`: left, top, width, height, five points, score.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.runtime.base import Tensor

OVERLAP: Final = 96
"""Overlap of neighbouring tiles in pixels. A face up to this size lies completely in at least one of them."""

EDGE: Final = 2
"""A box within this many pixels of an inner edge of a tile belongs to a face that the edge cuts."""


def tiles(size: tuple[int, int], side: int) -> Iterator[tuple[int, int]]:
    """Yield left and top of the fewest evenly spaced squares that cover an image of ``size`` = (width, height)."""
    columns, rows = (_starts(length, side) for length in size)
    return ((left, top) for top in rows for left in columns)


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - OVERLAP) // (side - OVERLAP))
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def whole_in_tile(faces: Tensor, corner: tuple[int, int], size: tuple[int, int], side: int) -> Tensor:
    """Return the rows of faces that no inner edge of a tile cuts. ``corner`` is the tile's in an image of ``size``."""
    kept = np.ones(len(faces), np.bool_)
    for axis in (0, 1):
        low, high = faces[:, axis], faces[:, axis] + faces[:, 2 + axis]
        if corner[axis] > 0:
            kept &= low > EDGE
        if corner[axis] + side < size[axis]:
            kept &= high < side - EDGE
    return faces[kept]


def suppress_overlapping(faces: Tensor, overlap: float) -> Tensor:
    """Apply non-maximum suppression: of boxes whose intersection over union exceeds ``overlap`` keep the best score."""
    best = cv2.dnn.NMSBoxes(faces[:, :4].tolist(), faces[:, 14].tolist(), 0.0, overlap)
    return faces[np.asarray(best, dtype=np.intp).reshape(-1)]


def without_parts(faces: Tensor, larger: Tensor) -> Tensor:
    """Drop rows that are a part of a larger face, such as an eye detected as a face."""
    small = faces[:, None, 2] * 2 < larger[None, :, 2]
    return np.asarray(faces[~(_centre_inside(faces, larger) & small).any(axis=1)])


def outside(faces: Tensor, others: Tensor) -> Tensor:
    """Return the rows whose centre lies in none of the other boxes."""
    return np.asarray(faces[~_centre_inside(faces, others).any(axis=1)])


def _centre_inside(faces: Tensor, others: Tensor) -> npt.NDArray[np.bool_]:
    """Return, for each face (row) and each other box (column), whether the face's centre lies in the box."""
    centre = faces[:, None, :2] + faces[:, None, 2:4] / 2
    corner = others[None, :, :2]
    return np.asarray(((centre > corner) & (centre < corner + others[None, :, 2:4])).all(axis=2))
