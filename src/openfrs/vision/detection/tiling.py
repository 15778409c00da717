"""Cutting a picture into overlapping squares, and putting together what was found in them.

Rows are those of :func:`openfrs.vision.detector.decoded`: left, top, width, height, five points, score.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.runtime.base import Tensor

OVERLAP: Final = 96
"""Neighbouring tiles share so many pixels: a face up to this size lies whole in one of them."""

EDGE: Final = 2
"""A box that comes so near to an edge inside the picture is of a face cut in two."""


def tiles(size: tuple[int, int], side: int) -> Iterator[tuple[int, int]]:
    """Left and top of the fewest squares that cover a picture of ``size`` = (width, height), spread evenly."""
    columns, rows = (_starts(length, side) for length in size)
    return ((left, top) for top in rows for left in columns)


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - OVERLAP) // (side - OVERLAP))
    return [round(place * (length - side) / (count - 1)) for place in range(count)]


def whole_in_tile(faces: Tensor, corner: tuple[int, int], size: tuple[int, int], side: int) -> Tensor:
    """The rows of faces that no inner edge of a tile cuts; ``corner`` is the tile's in a picture of ``size``."""
    kept = np.ones(len(faces), np.bool_)
    for axis in (0, 1):
        low, high = faces[:, axis], faces[:, axis] + faces[:, 2 + axis]
        if corner[axis] > 0:
            kept &= low > EDGE
        if corner[axis] + side < size[axis]:
            kept &= high < side - EDGE
    return faces[kept]


def strongest(faces: Tensor, overlap: float) -> Tensor:
    """The rows left when, of boxes whose intersection over union is above ``overlap``, the weaker are dropped."""
    best = cv2.dnn.NMSBoxes(faces[:, :4].tolist(), faces[:, 14].tolist(), 0.0, overlap)
    return faces[np.asarray(best, dtype=np.intp).reshape(-1)]


def without_parts(faces: Tensor, larger: Tensor) -> Tensor:
    """The rows that are not a part of a larger face, such as an eye taken for a face of its own."""
    small = faces[:, None, 2] * 2 < larger[None, :, 2]
    return np.asarray(faces[~(_centred_in(faces, larger) & small).any(axis=1)])


def outside(faces: Tensor, others: Tensor) -> Tensor:
    """The rows whose centre lies in none of some other boxes."""
    return np.asarray(faces[~_centred_in(faces, others).any(axis=1)])


def _centred_in(faces: Tensor, others: Tensor) -> npt.NDArray[np.bool_]:
    """Which faces, by row, have their centre in which other boxes, by column."""
    centre = faces[:, None, :2] + faces[:, None, 2:4] / 2
    corner = others[None, :, :2]
    return np.asarray(((centre > corner) & (centre < corner + others[None, :, 2:4])).all(axis=2))
