"""Cues of the surroundings of a face."""

import cv2
import numpy as np
import pytest

from openfrs.vision.liveness.context import SIDE, context
from openfrs.vision.types import Detection, Image

INSIDE, LUMA, DARK, LONGEST, DETAIL = 0, 1, 7, 8, 12


def face(left: float, top: float, side: float) -> Detection:
    return Detection(left, top, side, side, np.zeros((5, 2), np.float32), 1.0)


def plain(value: int, height: int = 480, width: int = 640) -> Image:
    return np.full((height, width, 3), value, np.uint8)


CENTRED = face(270, 190, 100)


def test_a_face_in_the_middle_is_surrounded_by_the_image() -> None:
    assert context(plain(120), CENTRED)[INSIDE] == 1


@pytest.mark.parametrize(("where", "share"), [(face(-50, 190, 100), 0.5), (face(590, 430, 100), 0.25)])
def test_the_share_inside_the_image(where: Detection, share: float) -> None:
    assert context(plain(120), where)[INSIDE] == pytest.approx(share, abs=0.02)


def test_light_of_the_face_is_relative_to_its_surroundings() -> None:
    image = plain(60)
    image[190:290, 270:370] = 160
    cues = context(image, CENTRED)
    assert cues[LUMA] == pytest.approx(100, abs=2)
    assert cues[DARK] == 0


def test_the_frame_of_a_screen_is_dark_and_straight() -> None:
    image = plain(200)
    cv2.rectangle(image, (210, 110), (430, 370), (5, 5, 5), 16)
    cues, without = context(image, CENTRED), context(plain(200), CENTRED)
    assert cues[DARK] > 0.1
    assert cues[LONGEST] * SIDE > 100
    assert without[DARK] == without[LONGEST] == 0


def test_a_face_softer_than_its_surroundings_has_less_detail() -> None:
    noise = np.random.default_rng(0).integers(60, 200, (480, 640, 3), np.uint8)
    soft = noise.copy()
    soft[180:300, 260:380] = cv2.GaussianBlur(noise[180:300, 260:380], (0, 0), 3)
    assert context(soft, CENTRED)[DETAIL] < context(noise, CENTRED)[DETAIL] - 1


@pytest.mark.parametrize("where", [face(-500, -500, 100), face(0, 0, 0.1), face(-100, -100, 5000), face(639, 479, 60)])
def test_cues_of_any_box_are_finite(where: Detection) -> None:
    cues = context(plain(120), where)
    assert cues.shape == (13,)
    assert np.isfinite(cues).all()
