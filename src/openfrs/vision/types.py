"""Types shared by all stages: images, points and detections."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""Shape (height, width, 3), RGB, 0..255."""

Points = npt.NDArray[np.float32]
"""Points in pixels: shape (n, 2), x before y."""


ALIGNMENT: Final = 2
"""Version of the landmarks by which faces are aligned: 1, those of the detector; 2, those of upright crops. Templates of different
versions can be compared; docs/how-to/custom-embedder.md has the true match rates."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A detected face: bounding box in pixels (floats, may extend beyond the image), five landmarks and a score of 0..1.

    The landmarks, shape (5, 2), are in image order from left to right: left eye, right eye, nose tip, left mouth corner, right
    mouth corner. Left and right refer to the image in which the face is upright.
    """

    left: float
    top: float
    width: float
    height: float
    landmarks: Points
    score: float
    rotation: int = 0
    """Clockwise rotation of the face in the image: 0, 90, 180 or 270 degrees."""

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.width * self.height
