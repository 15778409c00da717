"""Faces in pictures that lie on their side or stand on their head."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from openfrs.vision.types import Detection, Image, overlap

SAME_FACE: Final = 0.3
"""Intersection over union from which boxes found in differently turned pictures are of one face."""

CLEARLY_BETTER: Final = 0.02
"""A face counts as turned where its score is better by so much than upright. When this was chosen, the right turn of 240 turned
LFW photographs was better than any other by 0.028 or more; among upright faces of group photographs it was the other way by up
to 0.02 at most, but for one. The accuracy page has how often it is right with today's detector."""

SCORE_WHEN_TURNED: Final = 0.85
"""What is found only in a turned picture must be as certain; on group photographs false ones reached 0.80."""


Detect = Callable[[Image], list[Detection]]
"""Finds the upright faces of a picture."""


def detect_turned(detect: Detect, glance: Detect, image: Image) -> list[Detection]:
    """All faces of a picture, also those that lie on their side or stand on their head, largest first.

    Looks for upright faces in the picture turned four ways; each face has the turn in which it scores best. Where the picture
    as it is shows a face, a ``glance`` at the turned ones is enough.
    """
    found = [(face.score + CLEARLY_BETTER, face) for face in detect(image)]
    look = glance if found else detect
    for turn in (90, 180, 270):
        turned = (from_turned(face, image, turn) for face in look(turned_picture(image, turn)))
        found += [(face.score, face) for face in turned]
    kept: list[Detection] = []
    for _, face in sorted(found, key=lambda pair: pair[0], reverse=True):
        same = any(overlap(face, other) > SAME_FACE for other in kept)
        if not same and (face.turn == 0 or face.score >= SCORE_WHEN_TURNED):
            kept.append(face)
    return sorted(kept, key=lambda face: face.area, reverse=True)


def turned_picture(image: Image, turn: int) -> Image:
    """The picture in which what was turned clockwise by ``turn`` degrees (0, 90, 180, 270) stands upright."""
    return np.ascontiguousarray(np.rot90(image, turn // 90))


def from_turned(face: Detection, image: Image, turn: int) -> Detection:
    """A face found in :func:`turned_picture` as it lies in ``image`` itself."""
    return replace(_turned_back(face, turn, image.shape[:2]), turn=turn)


def upright(image: Image, face: Detection) -> tuple[Image, Detection]:
    """The picture turned so that a face stands upright, and the face in it."""
    if not face.turn:
        return image, face
    picture = turned_picture(image, face.turn)
    return picture, replace(_turned_back(face, 360 - face.turn, picture.shape[:2]), turn=0)


def points_from_turned(points: npt.NDArray[Any], turn: int, size: tuple[int, ...]) -> npt.NDArray[Any]:
    """Points of a turned picture, shape (n, 2), in the picture of ``size`` = (height, width) that it was made from."""
    height, width = size
    x, y = points[:, 0], points[:, 1]
    places = {0: (x, y), 90: (width - y, x), 180: (width - x, height - y), 270: (y, height - x)}
    return np.stack(places[turn], axis=1).astype(points.dtype)


def _turned_back(face: Detection, turn: int, size: tuple[int, ...]) -> Detection:
    corners = np.array([[face.left, face.top], [face.left + face.width, face.top + face.height]])
    corners = points_from_turned(corners, turn, size)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    landmarks = points_from_turned(face.landmarks, turn, size)
    return replace(face, left=left, top=top, width=right - left, height=bottom - top, landmarks=landmarks)
