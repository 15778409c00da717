"""What the detector says of one face."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""A picture: shape (height, width, 3), RGB, 0..255."""

Points = npt.NDArray[np.float32]
"""Points in pixels: shape (n, 2), x before y."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A face in a picture: its box in pixels (floats, possibly beyond the edges), five landmarks and a score of 0..1.

    The landmarks, shape (5, 2), are in image order from left to right: the eye at the left, the eye at the right, the nose
    tip, the mouth corner at the left, the mouth corner at the right.
    """

    left: float
    top: float
    width: float
    height: float
    landmarks: Points
    score: float

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.width * self.height


AS_LARGE: Final = 0.9
"""Faces whose sides are within a tenth of the largest's count as large: a box is measured no better than that."""


def main_face(faces: Sequence[Detection], image: Image) -> list[Detection]:
    """The face a picture is about: the largest or, where others are as large, the most central of them.

    Returns a list of that one face; an empty list when there is none.
    """
    height, width = map(int, image.shape[:2])
    least = AS_LARGE**2 * max((face.area for face in faces), default=0)
    large = [face for face in faces if face.area >= least]

    def distance(face: Detection) -> float:
        return abs(face.left + face.width / 2 - width / 2) + abs(face.top + face.height / 2 - height / 2)

    return sorted(large, key=distance)[:1]
