"""Find a detected face again on upright crops: its exact landmarks, its rotation, and the confirmation that it is a face.

The detector is most accurate, and scores highest, on upright faces of a fixed size. On a face that is turned by more than about
45 degrees it reports landmarks as if the face were upright, but only the crop in which the face is upright scores high.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.alignment import similarity_transform
from openfrs.vision.runtime.base import Session, Tensor
from openfrs.vision.types import Detection, Image

from .yunet import decode_batch

SIDE: Final = 128
"""Side of a crop in pixels."""

FACE_SIDES: Final = (80, 96)
"""Longer side of the face in the crops whose landmarks are averaged, each crop with its mirror image."""

BATCH: Final = (4, 3, SIDE, SIDE)
"""Shape of the network's input: two scales and their mirror images, or four orientations."""

CONFIRMED: Final = 0.92
"""Score from which no other orientation is tried. Of photographs upside down, 1 in 20 scored as much without being turned."""

MIN_SCORE: Final = 0.6
"""Minimum score of a confirmed upright face."""

TURNS: Final = ((90, 180, 270), (45, 135, 225, 315))
"""Orientations in degrees that are tried, the second group only if none of the first is confirmed."""

MIN_TURNED_SCORE: Final = 0.85
"""Minimum score of a confirmed face that was not found upright."""

TURNED_MARGIN: Final = 0.015
"""Minimum lead of another orientation over the upright one."""

MAX_ROLL: Final = math.radians(3)
"""A face that seems to lean more in its crop is cropped again."""

ROLL_GAIN: Final = 2
"""The landmarks of a leaning face show a third to two thirds of its roll."""

_MAX_LOOKS: Final = 4
_MIN_CANDIDATE: Final = 0.3

_REACH: Final = 0.25
"""Maximum distance of a face's centre from the centre of its crop, per axis, in sides of the crop."""

_SURROUNDINGS: Final = 1.6
"""Half the side of the part of the image that is used, in longer sides of the face."""

_MIRRORED: Final = (0, 2, 1, 3, 5, 4)
"""Centre and landmarks of a mirrored face in the order of the face."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pose:
    """Centre, longer side and roll of a face. The roll is clockwise, in radians."""

    x: float
    y: float
    side: float
    roll: float

    @property
    def rotation(self) -> npt.NDArray[np.float64]:
        """The 2 x 2 matrix that rotates an upright face to this pose."""
        cosine, sine = math.cos(self.roll), math.sin(self.roll)
        return np.array([[cosine, -sine], [sine, cosine]])

    def crop(self, image: Image, face_side: float) -> Image:
        """Return the crop in which the face is upright and has this side; black outside the image."""
        linear = self.rotation.T * (face_side / max(self.side, 1.0))
        transform = np.column_stack([linear, SIDE / 2 - linear @ (self.x, self.y)])
        return np.asarray(cv2.warpAffine(image, transform, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A face found on crops: pose, landmarks, width and height of the upright box, and score."""

    pose: _Pose
    landmarks: npt.NDArray[np.float64]
    width: float
    height: float
    score: float


class UprightLook:
    """Finds detected faces again. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def confirm(self, image: Image, face: Detection) -> Detection | None:
        """Return a detected face with its exact landmarks, at any rotation; None if no orientation is confirmed.

        The box keeps the axes of the image. ``rotation`` is the nearest multiple of 90 degrees.
        """
        patch, left, top, factor = _surroundings(image, face)
        x, y = face.left + face.width / 2, face.top + face.height / 2
        side, roll = max(face.width, face.height), _roll(face.landmarks)
        look = self._confirm(patch, _Pose((x - left) / factor, (y - top) / factor, side / factor, roll))
        return None if look is None else _detection(look, left, top, factor)

    def _confirm(self, image: Image, pose: _Pose) -> _Look | None:
        look, least = self._look(image, pose), MIN_SCORE
        score = 0.0 if look is None else look.score
        if score < CONFIRMED and (turned := self._turned(image, pose, score)) is not None:
            pose, look, least = turned, self._look(image, turned), MIN_TURNED_SCORE
        for _ in range(_MAX_LOOKS):
            if look is None or abs(lean := _difference(look.pose.roll, pose.roll)) <= MAX_ROLL:
                break
            pose = replace(look.pose, roll=pose.roll + ROLL_GAIN * lean)
            look = self._look(image, pose)
        return None if look is None or look.score < least else look

    def _look(self, image: Image, pose: _Pose) -> _Look | None:
        """Look at a face in crops of two scales and their mirror images; return the mean of what they show."""
        batch = self._session.input(BATCH)
        for index, face_side in enumerate(FACE_SIDES):
            _write(batch[2 * index], pose.crop(image, face_side))
            batch[2 * index + 1] = batch[2 * index, :, :, ::-1]
        points, extents, scores = [], [], 0.0
        for index, row in enumerate(self._run(batch)):
            if row is not None:
                centre_and_landmarks = np.concatenate([row[:2] + row[2:4] / 2, row[4:14]]).reshape(6, 2) - SIDE / 2
                if index % 2:
                    centre_and_landmarks = centre_and_landmarks[_MIRRORED, :] * (-1, 1)
                points.append(centre_and_landmarks / FACE_SIDES[index // 2])
                extents.append(row[2:4] / FACE_SIDES[index // 2])
                scores += float(row[14])
        if not points:
            return None
        mean = pose.side * np.mean(points, axis=0) @ pose.rotation.T + (pose.x, pose.y)
        width, height = (pose.side * np.mean(extents, axis=0)).tolist()
        found = _Pose(float(mean[0, 0]), float(mean[0, 1]), max(width, height), _roll(mean[1:]))
        return _Look(found, mean[1:], width, height, scores / len(batch))

    def _turned(self, image: Image, pose: _Pose, upright_score: float) -> _Pose | None:
        """Return the pose at the orientation with the best score, if it leads the upright one clearly."""
        best, best_score = pose, 0.0
        for turns in TURNS:
            poses = [replace(pose, roll=pose.roll + math.radians(turn)) for turn in turns]
            batch = self._session.input(BATCH)
            for planes, turned in zip(batch, poses, strict=False):
                _write(planes, turned.crop(image, FACE_SIDES[0]))
            for turned, row in zip(poses, self._run(batch), strict=False):
                if row is not None and row[14] > best_score:
                    best, best_score = turned, float(row[14])
            if best_score >= CONFIRMED:
                break
        return best if best_score >= max(MIN_TURNED_SCORE, upright_score + TURNED_MARGIN) else None

    def _run(self, batch: Tensor) -> list[Tensor | None]:
        """Return the row of the best face at the centre of each crop, or None."""
        rows, crops = decode_batch(self._session.run(batch), _MIN_CANDIDATE, (SIDE, SIDE))
        best: list[Tensor | None] = [None] * len(batch)
        central = np.abs(rows[:, :2] + rows[:, 2:4] / 2 - SIDE / 2).max(axis=1) <= _REACH * SIDE
        for index in np.nonzero(central)[0][rows[central, 14].argsort()]:
            best[crops[index]] = rows[index]
        return best


def _surroundings(image: Image, face: Detection) -> tuple[Image, float, float, int]:
    """Return the part of an image around a face, the position of its first pixel, and the whole factor by which it is reduced.

    The face keeps at least the larger of its sides in the crops.
    """
    side = max(face.width, face.height)
    reach = _SURROUNDINGS * side
    x, y = face.left + face.width / 2, face.top + face.height / 2
    left, top = (
        min(max(0, int(middle - reach)), length - 1) for middle, length in ((x, image.shape[1]), (y, image.shape[0]))
    )
    part = image[top : max(top + 1, int(y + reach)), left : max(left + 1, int(x + reach))]
    factor = max(1, min(int(side / max(FACE_SIDES)), *part.shape[:2]))
    if factor > 1:
        rows, columns = (length // factor * factor for length in part.shape[:2])
        size = columns // factor, rows // factor
        part = np.asarray(cv2.resize(part[:rows, :columns], size, interpolation=cv2.INTER_AREA), np.uint8)
    return part, left + (factor - 1) / 2, top + (factor - 1) / 2, factor


def _write(planes: Tensor, crop: Image) -> None:
    for plane, channel in zip(planes, reversed(cv2.split(crop)), strict=True):  # RGB to BGR
        plane[:] = channel


def _roll(landmarks: npt.NDArray[np.floating]) -> float:
    """Return the clockwise roll of a face in radians."""
    transform = similarity_transform(landmarks)
    return -math.atan2(transform[1, 0], transform[0, 0])


def _difference(first: float, second: float) -> float:
    """Return the difference of two angles in radians, from -pi to pi."""
    return math.remainder(first - second, 2 * math.pi)


def _detection(look: _Look, left: float, top: float, factor: int) -> Detection:
    """Return a look at a part of an image as a detection in the image."""
    rotation = round(math.degrees(look.pose.roll) / 90) % 4 * 90
    width, height = (look.width, look.height) if rotation % 180 == 0 else (look.height, look.width)
    return Detection(
        left + factor * (look.pose.x - width / 2),
        top + factor * (look.pose.y - height / 2),
        factor * width,
        factor * height,
        (look.landmarks * factor + (left, top)).astype(np.float32),
        look.score,
        rotation,
    )
