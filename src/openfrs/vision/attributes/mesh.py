"""Dense landmarks in three dimensions with MediaPipe's networks, and the head pose derived from them."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.vision.alignment import smooth_warp
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

from .types import HeadPose

MARGIN: Final = 1.5
"""Side of the network's input square in longer sides of the box. The square is rotated so that the face is upright."""

Mesh = npt.NDArray[np.float64]
"""Shape (n, 3): x and y in pixels of the image, z in the same scale, increasing away from the camera."""


@dataclass(frozen=True, slots=True)
class MeshNetwork:
    """A network that finds ``points`` points in a square of ``side`` pixels, run at least ``min_runs`` times."""

    side: int
    points: int
    min_runs: int


FACE_MESH: Final = MeshNetwork(side=192, points=468, min_runs=2)
FACE_LANDMARKER: Final = MeshNetwork(side=256, points=478, min_runs=1)
"""Version 2. Its first 468 points are those of the face mesh; the others lie on the irises."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundMesh:
    """The mesh of a face, in pixels of the image and in pixels of the upright square that the network saw."""

    in_image: Mesh
    in_square: Mesh


MAX_ROLL: Final = math.radians(5)
"""Roll of a face in its square up to which the network does not run again."""

_MAX_RUNS: Final = 3

_EAR_LEFT, _EAR_RIGHT, _FOREHEAD, _CHIN = 234, 454, 10, 152
"""Points on the outline of the face; left and right in the image."""

_LIPS, _MOUTH_CORNERS = (13, 14), (78, 308)
"""Midpoints and corners of the inner lips."""


def face_mesh(session: Session, image: Image, face: Detection, network: MeshNetwork = FACE_MESH) -> FoundMesh:
    """Return the mesh of a face detected in ``image``.

    The networks expect an upright face, and the detector's landmarks underestimate the roll of a leaning face. While the mesh shows
    another roll than that of its input, the network runs again with that.
    """
    roll = _roll(face.landmarks[1].astype(np.float64) - face.landmarks[0])
    mesh = _mesh_at(session, image, face, network, roll)
    for runs in range(1, _MAX_RUNS):
        found = _roll(mesh.in_image[_EAR_RIGHT] - mesh.in_image[_EAR_LEFT])
        if runs >= network.min_runs and abs(math.remainder(found - roll, math.tau)) <= MAX_ROLL:
            break
        roll, mesh = found, _mesh_at(session, image, face, network, found)
    return mesh


def _mesh_at(session: Session, image: Image, face: Detection, network: MeshNetwork, roll: float) -> FoundMesh:
    """Return the mesh from an input square rotated clockwise by ``roll`` radians."""
    cosine, sine = np.cos(roll), np.sin(roll)
    scale = network.side / (MARGIN * max(face.width, face.height, 1.0))
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    centre = np.array([face.left + face.width / 2, face.top + face.height / 2])
    transform = np.column_stack([scale * rotation, np.full(2, network.side / 2) - scale * rotation @ centre])
    chip = smooth_warp(image, transform, network.side)
    points, *_ = session.run(np.ascontiguousarray(chip[None], np.float32) / np.float32(255))
    in_square = points.reshape(network.points, 3).astype(np.float64)
    in_image = in_square / scale
    in_image[:, :2] = (in_square[:, :2] - transform[:, 2]) @ rotation / scale
    return FoundMesh(in_image, in_square)


def head_pose(mesh: Mesh) -> HeadPose:
    """Return the head pose, from the lines between the left and right edges of the face and between forehead and chin."""
    across, down = mesh[_EAR_RIGHT] - mesh[_EAR_LEFT], mesh[_CHIN] - mesh[_FOREHEAD]
    roll = _roll(across)
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


def _roll(across: npt.NDArray[np.floating]) -> float:
    """Return the clockwise roll in radians of a line from left to right across a face."""
    return math.atan2(float(across[1]), float(across[0]))
