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
