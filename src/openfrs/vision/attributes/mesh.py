"""Dense landmarks in three dimensions with the MediaPipe face mesh, and the head pose derived from them."""

from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.vision.alignment import smooth_warp
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

from .types import HeadPose

SIDE: Final = 192
MARGIN: Final = 1.5
"""Side of the network's input square in longer sides of the box. The square is rotated so that the face is upright."""

Mesh = npt.NDArray[np.float64]
"""Shape (468, 3): x and y in pixels of the image, z in the same scale, increasing away from the camera."""

_EAR_LEFT, _EAR_RIGHT, _FOREHEAD, _CHIN = 234, 454, 10, 152
"""Points on the outline of the face; left and right in the image."""

_LIPS, _MOUTH_CORNERS = (13, 14), (78, 308)
"""Midpoints and corners of the inner lips."""


def face_mesh(session: Session, image: Image, face: Detection) -> Mesh:
    """Return the mesh of a face detected in ``image``.

    The network runs twice, because it expects an upright face and the detector's landmarks underestimate the roll of a leaning
    face. The roll of the second run comes from the first mesh.
    """
    across = face.landmarks[1].astype(np.float64) - face.landmarks[0]
    for _ in range(2):
        mesh = _mesh_at(session, image, face, float(np.arctan2(across[1], across[0])))
        across = mesh[_EAR_RIGHT, :2] - mesh[_EAR_LEFT, :2]
    return mesh


def _mesh_at(session: Session, image: Image, face: Detection, roll: float) -> Mesh:
    """Return the mesh from an input square rotated clockwise by ``roll`` radians."""
    cosine, sine = np.cos(roll), np.sin(roll)
    scale = SIDE / (MARGIN * max(face.width, face.height, 1.0))
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    centre = np.array([face.left + face.width / 2, face.top + face.height / 2])
    transform = np.column_stack([scale * rotation, np.full(2, SIDE / 2) - scale * rotation @ centre])
    chip = smooth_warp(image, transform, SIDE)
    points, _presence = session.run(np.ascontiguousarray(chip[None], np.float32) / np.float32(255))
    mesh = points.reshape(468, 3).astype(np.float64)
    mesh[:, :2] = (mesh[:, :2] - transform[:, 2]) @ rotation / scale
    mesh[:, 2] /= scale
    return mesh


def head_pose(mesh: Mesh) -> HeadPose:
    """Return the head pose, from the lines between the left and right edges of the face and between forehead and chin."""
    across, down = mesh[_EAR_RIGHT] - mesh[_EAR_LEFT], mesh[_CHIN] - mesh[_FOREHEAD]
    roll = float(np.arctan2(across[1], across[0]))
    width = float(np.hypot(across[0], across[1]))
    height = float(-np.sin(roll) * down[0] + np.cos(roll) * down[1])
    yaw, pitch = -np.arctan2(across[2], width), np.arctan2(down[2], height)
    return HeadPose(*(float(np.degrees(angle)) for angle in (yaw, pitch, roll)))


def rotated_pose(pose: HeadPose, rotation: int) -> HeadPose:
    """Return the pose in an image in which the face is rotated clockwise by ``rotation`` degrees."""
    return HeadPose(pose.yaw, pose.pitch, (pose.roll + rotation + 180) % 360 - 180)


def mouth_opening(mesh: Mesh) -> float:
    """Return the gap between the lips over the width of the mouth: 0 shut, about 0.5 wide open."""
    (upper, lower), (left, right) = mesh[list(_LIPS)], mesh[list(_MOUTH_CORNERS)]
    return float(np.linalg.norm(lower - upper)) / max(float(np.linalg.norm(right - left)), 1e-6)
