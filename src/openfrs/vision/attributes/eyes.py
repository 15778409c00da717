"""How far the eyes are open, with MediaPipe's iris network, which sees each eye by itself.

The face mesh hardly closes its eyes: on photographs of five people with eyes shut its openings were 0.21 to 0.26, and 0.22
to 0.26 with eyes open. The contours of this network had 0.03 to 0.18 and 0.23 to 0.38.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.vision.alignment import smooth_warp
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Image

from .mesh import Mesh

SIDE: Final = 64
MARGIN: Final = 2.3
"""The network sees a square of so many times the distance between an eye's corners, turned so that the face is upright."""

_OUTER, _INNER = 0, 8
_LOWER, _UPPER = [3, 4, 5], [11, 12, 13]
"""Among the contour's points: the corners, and what lies across from each other between them."""

_EYES: Final = ((33, 133), (362, 263))
"""Corners of an eye in the mesh, from left to right in the picture; the eye at the picture's left first."""


class Eyes:
    """The network. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def measure(self, image: Image, mesh: Mesh) -> tuple[float, float]:
        """Height over width of the openings of both eyes, the one at the picture's left first; about 0.3 open, 0.1 shut."""
        across = mesh[263, :2] - mesh[33, :2]
        roll = float(np.arctan2(across[1], across[0]))
        left, right = (self._contour(image, mesh[list(corners), :2], roll, corners == _EYES[1]) for corners in _EYES)
        return _openness(left), _openness(right)

    def _contour(
        self, image: Image, corners: npt.NDArray[np.float64], roll: float, mirrored: bool
    ) -> npt.NDArray[np.float64]:
        """The eye's outline in a square of 64 pixels, shape (71, 2). The network knows one side's eye; the other is mirrored."""
        scale = SIDE / (MARGIN * max(1.0, float(np.hypot(*(corners[1] - corners[0])))))
        turn = scale * np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
        chip = smooth_warp(image, np.column_stack([turn, np.full(2, SIDE / 2) - turn @ corners.mean(axis=0)]), SIDE)
        seen = chip[:, ::-1] if not mirrored else chip
        outputs = self._session.run(np.ascontiguousarray(seen[None], np.float32) / np.float32(255))
        contour = next(output for output in outputs if output.size == 71 * 3)
        return contour.reshape(71, 3)[:, :2].astype(np.float64)


def _openness(contour: npt.NDArray[np.float64]) -> float:
    width = float(np.hypot(*(contour[_INNER] - contour[_OUTER])))
    return float((contour[_LOWER, 1] - contour[_UPPER, 1]).mean()) / max(width, 1e-6)
