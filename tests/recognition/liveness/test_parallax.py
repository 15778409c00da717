"""Parallax of the nose on heads and on photographs."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from openfrs.recognition.liveness.gestures import Moment, detect_gestures, neutral_face
from openfrs.recognition.liveness.parallax import MAX_YAW, MIN_NOSE_SHIFT, MIN_PARALLAX, MidlineTracker, nose_shift
from openfrs.recognition.liveness.types import Action
from openfrs.vision.types import Detection, Image

SIDE = 200
FACE = Detection(30, 30, 140, 140, np.zeros((5, 2), np.float32), 1.0)
BRIDGE, TIP, LIP = (100.0, 70.0), (100.0, 100.0), (100.0, 130.0)


def skin() -> Image:
    noise = np.random.default_rng(2).normal(128, 40, (SIDE, SIDE, 1))
    return np.asarray(np.repeat(cv2.GaussianBlur(noise, (0, 0), 2)[..., None], 3, 2), np.uint8)


def landmarks() -> npt.NDArray[np.float32]:
    points = np.zeros((478, 2), np.float32)
    points[168], points[[4, 1]], points[17] = BRIDGE, TIP, LIP
    return points


def turned(nose: float, narrower: float = 0.0) -> Image:
    """The skin, narrowed about its middle, with the region of the tip moved to the right by ``nose`` pixels."""
    down, across = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    bump = nose * np.exp(-((across - TIP[0]) ** 2 + (down - TIP[1]) ** 2) / (2 * 12.0**2))
    source = SIDE / 2 + (across - SIDE / 2) / (1 - narrower) - bump
    return np.asarray(cv2.remap(skin(), source.astype(np.float32), down, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT))


def tracked(*frames: tuple[Image, float]) -> list[float | None]:
    tracker = MidlineTracker()
    return [tracker.update(image, FACE, landmarks(), yaw) for image, yaw in frames]


@pytest.mark.parametrize("side", [1, -1])
def test_the_tip_of_a_nose_leaves_the_line_towards_the_side_of_the_turn(side: int) -> None:
    frames = [(turned(side * 1.5 * step, 0.02 * step), side * 6.0 * step) for step in range(5)]
    first, *others = tracked(*frames)
    assert first is None
    rises = [0 if rise is None else side * rise for rise in others]
    assert rises == sorted(rises)
    assert rises[-1] > 5 * MIN_PARALLAX


def test_the_line_of_a_photograph_stays_straight() -> None:
    observations = tracked(*[(turned(0, 0.06 * step), 6.0 * step) for step in range(5)])
    assert all(rise is None or abs(rise) < MIN_PARALLAX / 2 for rise in observations)
    assert observations[-1] is not None


def test_an_untracked_distance_is_unknown() -> None:
    assert tracked((turned(0), 30.0)) == [None]
    assert tracked((turned(0), 0.0), (turned(0), MAX_YAW + 1))[1] is None
    other = np.asarray(np.random.default_rng(5).integers(0, 255, (SIDE, SIDE, 3)), np.uint8)
    assert tracked((turned(0), 0.0), (other, 20.0))[1] is None


def test_tracking_restarts_on_a_frontal_face_after_the_face_was_lost() -> None:
    tracker = MidlineTracker()
    tracker.update(turned(0), FACE, landmarks(), 0)
    tracker.reset()
    assert tracker.update(turned(3), FACE, landmarks(), 20) is None
    assert tracker.update(turned(0), FACE, landmarks(), 5) is None
    assert tracker.update(turned(3), FACE, landmarks(), 20) is not None


@pytest.mark.parametrize(
    ("parallax", "turns"), [(None, True), (0.05, True), (MIN_PARALLAX / 2, False), (0.0, False), (-0.05, False)]
)
def test_a_turn_without_parallax_is_no_gesture(parallax: float | None, turns: bool) -> None:
    moments = [
        Moment(at * 66, -20 if 15 <= at < 30 else 0, 0, 0.05, 0.3, parallax=parallax if at >= 15 else None)
        for at in range(45)
    ]
    neutral = neutral_face(moments)
    assert neutral is not None
    assert [each.action for each in detect_gestures(moments, neutral)] == [Action.TURN_LEFT] * turns


def test_unknown_distances_do_not_count_against_a_head() -> None:
    moments = [
        Moment(at * 66, 20 if 15 <= at < 30 else 0, 0, 0.05, 0.3, parallax=-0.03 if at == 16 else None)
        for at in range(45)
    ]
    neutral = neutral_face(moments)
    assert neutral is not None
    assert [each.action for each in detect_gestures(moments, neutral)] == [Action.TURN_RIGHT]


HEAD = np.array([[-30, -20, 0], [30, -20, 0], [0, 10, -25], [-25, 45, 0], [25, 45, 0]], np.float64)
"""Five landmarks of a head; z points away from the camera."""

PRINTED = HEAD * (1, 1, 0)


def projected(face: npt.NDArray[np.float64], yaw: float, distance: float = 600) -> npt.NDArray[np.float32]:
    """Project the landmarks of a face turned to the right of the image by ``yaw`` degrees."""
    angle = np.radians(yaw)
    x, y, z = face[:, 0] * np.cos(angle) - face[:, 2] * np.sin(angle), face[:, 1], face[:, 2] * np.cos(angle)
    depth = distance + z + face[:, 0] * np.sin(angle)
    return np.stack([100 + 600 * x / depth, 100 + 600 * y / depth], axis=1).astype(np.float32)


@pytest.mark.parametrize("yaw", [-40, -15, 15, 40])
def test_the_nose_of_a_head_shifts_towards_the_side_of_the_turn(yaw: float) -> None:
    shift = nose_shift(projected(HEAD, 0), projected(HEAD, yaw))
    assert shift is not None
    assert np.sign(shift) == np.sign(yaw)
    assert abs(shift) >= MIN_NOSE_SHIFT


@pytest.mark.parametrize("yaw", [-50, -15, 15, 50])
def test_the_nose_of_a_photograph_does_not_shift(yaw: float) -> None:
    shift = nose_shift(projected(PRINTED, 0), projected(PRINTED, yaw))
    assert shift is not None
    assert abs(shift) < MIN_NOSE_SHIFT


def test_translation_and_scaling_are_no_shift() -> None:
    assert nose_shift(projected(HEAD, 0), projected(HEAD, 0) * 2 + 50) == pytest.approx(0, abs=1e-4)


def test_degenerate_landmarks_have_no_shift() -> None:
    assert nose_shift(np.ones((5, 2), np.float32), projected(HEAD, 0)) is None
