"""A nose that stands out of a face moves apart from it; one that is printed does not."""

import numpy as np
import numpy.typing as npt
import pytest

from openfrs.recognition.liveness.relief import NOSE, nose_shift

FACE = np.array([[-30, -20, 0], [30, -20, 0], [0, 10, -25], [-25, 45, 0], [25, 45, 0]], np.float64)
"""Five landmarks of a head, z away from the camera."""

PRINTED = FACE * (1, 1, 0)


def seen(face: npt.NDArray[np.float64], yaw: float, distance: float = 600) -> npt.NDArray[np.float32]:
    """Where a camera sees the landmarks of a face turned to the picture's right by ``yaw`` degrees."""
    angle = np.radians(yaw)
    x, y, z = face[:, 0] * np.cos(angle) - face[:, 2] * np.sin(angle), face[:, 1], face[:, 2] * np.cos(angle)
    depth = distance + z + face[:, 0] * np.sin(angle)
    return np.stack([100 + 600 * x / depth, 100 + 600 * y / depth], axis=1).astype(np.float32)


@pytest.mark.parametrize("yaw", [-40, -15, 15, 40])
def test_the_nose_of_a_head_moves_to_the_side_it_turns_to(yaw: float) -> None:
    shift = nose_shift(seen(FACE, 0), seen(FACE, yaw))
    assert shift is not None
    assert np.sign(shift) == np.sign(yaw)
    assert abs(shift) >= NOSE


@pytest.mark.parametrize("yaw", [-50, -15, 15, 50])
def test_the_nose_of_a_photograph_goes_with_the_paper(yaw: float) -> None:
    shift = nose_shift(seen(PRINTED, 0), seen(PRINTED, yaw))
    assert shift is not None
    assert abs(shift) < NOSE


def test_moving_and_growing_are_no_turn() -> None:
    assert nose_shift(seen(FACE, 0), seen(FACE, 0) * 2 + 50) == pytest.approx(0, abs=1e-4)


def test_landmarks_without_extent_tell_nothing() -> None:
    assert nose_shift(np.ones((5, 2), np.float32), seen(FACE, 0)) is None
