"""Dense landmarks in three dimensions with the MediaPipe face mesh, and the head pose they show."""

from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.vision.alignment import smooth_warp
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

from .types import HeadPose

SIDE: Final = 192
MARGIN: Final = 1.5
"""The network sees a square of so many times the longer side of the box, turned so that the face is upright."""

Mesh = npt.NDArray[np.float64]
"""Shape (468, 3): x and y in pixels of the picture, z in the same scale, growing away from the camera."""

_EAR_LEFT, _EAR_RIGHT, _FOREHEAD, _CHIN = 234, 454, 10, 152
"""Points at the face's edges; left and right are those of the picture."""

_LIPS, _MOUTH_CORNERS = (13, 14), (78, 308)
"""The middle of the lips' inner edges, and where these meet."""


class FaceMesh:
    """The mesh. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def measure(self, image: Image, face: Detection) -> Mesh:
        """The mesh of a face found in ``image``.

        The network runs twice: the detector's landmarks turn less than a leaning face does, so that only the first mesh
        tells by how much the face must be turned to be upright, as the network wants it.
        """
        across = face.landmarks[1].astype(np.float64) - face.landmarks[0]
        for _ in range(2):
            mesh = self._upright(image, face, float(np.arctan2(across[1], across[0])))
            across = mesh[_EAR_RIGHT, :2] - mesh[_EAR_LEFT, :2]
        return mesh

    def _upright(self, image: Image, face: Detection, roll: float) -> Mesh:
        """The mesh as found in a square that is turned with a face that leans clockwise by ``roll`` radians."""
        cosine, sine = np.cos(roll), np.sin(roll)
        scale = SIDE / (MARGIN * max(face.width, face.height, 1.0))
        turn = np.array([[cosine, sine], [-sine, cosine]])
        centre = np.array([face.left + face.width / 2, face.top + face.height / 2])
        transform = np.column_stack([scale * turn, np.full(2, SIDE / 2) - scale * turn @ centre])
        chip = smooth_warp(image, transform, SIDE)
        points, _presence = self._session.run(np.ascontiguousarray(chip[None], np.float32) / np.float32(255))
        mesh = points.reshape(468, 3).astype(np.float64)
        mesh[:, :2] = (mesh[:, :2] - transform[:, 2]) @ turn / scale
        mesh[:, 2] /= scale
        return mesh


def head_pose(mesh: Mesh) -> HeadPose:
    """The head pose, from the lines between the face's left and right edge and between forehead and chin."""
    across, down = mesh[_EAR_RIGHT] - mesh[_EAR_LEFT], mesh[_CHIN] - mesh[_FOREHEAD]
    roll = float(np.arctan2(across[1], across[0]))
    along = float(np.hypot(across[0], across[1]))
    below = float(-np.sin(roll) * down[0] + np.cos(roll) * down[1])
    yaw, pitch = -np.arctan2(across[2], along), np.arctan2(down[2], below)
    return HeadPose(*(float(np.degrees(angle)) for angle in (yaw, pitch, roll)))


def mouth_opening(mesh: Mesh) -> float:
    """The gap between the lips over the mouth's width: 0 shut, about 0.5 wide open."""
    (upper, lower), (left, right) = mesh[list(_LIPS)], mesh[list(_MOUTH_CORNERS)]
    return float(np.linalg.norm(lower - upper)) / max(float(np.linalg.norm(right - left)), 1e-6)
