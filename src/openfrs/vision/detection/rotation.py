"""Detect faces in images that are rotated by a multiple of 90 degrees.

Rotations are those of the face in the image, clockwise, in degrees: 0, 90, 180 or 270.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from openfrs.core.checkpoints import checkpoint
from openfrs.core.geometry import intersection_over_union
from openfrs.vision.types import Detection, Image

SAME_FACE: Final = 0.3
"""Intersection over union above which boxes detected at different rotations belong to the same face."""

ROTATED_MARGIN: Final = 0.02
"""A face is reported as rotated if its score exceeds the upright score by this much. When it was chosen, the right rotation of 240
rotated LFW photographs led every other by 0.028 or more; among upright faces of group photographs, with one exception, a wrong
rotation led by 0.02 at most. The accuracy page has the error rates of the current detector."""

MIN_ROTATED_SCORE: Final = 0.85
"""Minimum score of a face found only in a rotated image. On group photographs false positives scored up to 0.80."""


Detect = Callable[[Image], list[Detection]]
"""Detects the upright faces of an image."""


def detect_all_rotations(detect: Detect, detect_quick: Detect, image: Image) -> list[Detection]:
    """Detect the faces of an image at all four rotations, largest first.

    Each face is reported once, at the rotation with the best score. If the image itself shows an upright face, ``detect_quick``
    is used for the other three rotations.
    """
    candidates = [(face.score + ROTATED_MARGIN, face) for face in detect(image)]
    detect_rotated = detect_quick if candidates else detect
    for rotation in (90, 180, 270):
        checkpoint()
        rotated = (to_original(face, image, rotation) for face in detect_rotated(unrotate(image, rotation)))
        candidates += [(face.score, face) for face in rotated]
    kept: list[Detection] = []
    for _, face in sorted(candidates, key=lambda pair: pair[0], reverse=True):
        checkpoint()
        duplicate = any(intersection_over_union(face, other) > SAME_FACE for other in kept)
        if not duplicate and (face.rotation == 0 or face.score >= MIN_ROTATED_SCORE):
            kept.append(face)
    return sorted(kept, key=lambda face: face.area, reverse=True)


def detect_turned(detect: Detect, image: Image) -> list[Detection]:
    """Detect the faces of an image that are rotated by 90, 180 or 270 degrees, best score first."""
    faces = [
        to_original(face, image, rotation) for rotation in (90, 180, 270) for face in detect(unrotate(image, rotation))
    ]
    return sorted(faces, key=lambda face: face.score, reverse=True)


def unrotate(image: Image, rotation: int) -> Image:
    """Return the image rotated so that faces of ``rotation`` are upright."""
    return np.ascontiguousarray(np.rot90(image, rotation // 90))


def to_original(face: Detection, image: Image, rotation: int) -> Detection:
    """Map a face detected in ``unrotate(image, rotation)`` to ``image``."""
    return replace(_mapped(face, rotation, image.shape[:2]), rotation=rotation)


def upright(image: Image, face: Detection) -> tuple[Image, Detection]:
    """Return the image rotated so that a face is upright, and the face in it."""
    if not face.rotation:
        return image, face
    rotated = unrotate(image, face.rotation)
    return rotated, replace(_mapped(face, 360 - face.rotation, rotated.shape[:2]), rotation=0)


def points_to_original(points: npt.NDArray[Any], rotation: int, size: tuple[int, ...]) -> npt.NDArray[Any]:
    """Map points, shape (n, 2), of an unrotated image to the original image of ``size`` = (height, width)."""
    height, width = size
    x, y = points[:, 0], points[:, 1]
    mapped = {0: (x, y), 90: (width - y, x), 180: (width - x, height - y), 270: (y, height - x)}
    return np.stack(mapped[rotation], axis=1).astype(points.dtype)


def _mapped(face: Detection, rotation: int, size: tuple[int, ...]) -> Detection:
    corners = np.array([[face.left, face.top], [face.left + face.width, face.top + face.height]])
    corners = points_to_original(corners, rotation, size)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    landmarks = points_to_original(face.landmarks, rotation, size)
    return replace(face, left=left, top=top, width=right - left, height=bottom - top, landmarks=landmarks)
