"""What the detector says of one face."""

from dataclasses import dataclass

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
    tip, the mouth corner at the left, the mouth corner at the right. On a turned face, left and right are as in the picture
    in which it stands upright.
    """

    left: float
    top: float
    width: float
    height: float
    landmarks: Points
    score: float
    turn: int = 0
    """By how much the face is turned clockwise in the picture: 0, 90, 180 or 270 degrees."""

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.width * self.height


def overlap(first: Detection, second: Detection) -> float:
    """The area two boxes share, as a share of the area they cover together."""
    width = min(first.left + first.width, second.left + second.width) - max(first.left, second.left)
    height = min(first.top + first.height, second.top + second.height) - max(first.top, second.top)
    shared = max(0.0, width) * max(0.0, height)
    return shared / max(first.area + second.area - shared, 1e-9)
