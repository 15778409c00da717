"""Crops of faces."""

import cv2
import numpy as np
import pytest

from openfrs.core.limits import CROP_SIDE, MAX_CROP_BYTES
from openfrs.media.decoding.header import JPEG_SIGNATURE
from openfrs.recognition.crops import crop_of
from openfrs.vision.types import Detection, Image

RED, GREEN = (200, 30, 30), (30, 200, 30)


def detection(left: float, top: float, side: float, rotation: int = 0) -> Detection:
    return Detection(left, top, side, side, np.zeros((5, 2), np.float32), score=1.0, rotation=rotation)


def decoded(crop: bytes) -> Image:
    pixels = cv2.imdecode(np.frombuffer(crop, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels[:, :, ::-1], np.uint8)


@pytest.mark.parametrize(
    ("left", "top", "side"), [(100, 100, 40), (-5, -5, 40), (280, 180, 40), (0, 0, 300), (50, 50, 3)]
)
def test_a_crop_is_a_square_jpeg(left: float, top: float, side: float) -> None:
    image = np.random.default_rng(1).integers(0, 255, (200, 300, 3), np.uint8)
    crop = crop_of(image, detection(left, top, side))
    assert crop.startswith(JPEG_SIGNATURE)
    assert len(crop) <= MAX_CROP_BYTES
    assert decoded(crop).shape == (CROP_SIDE, CROP_SIDE, 3)


def test_a_crop_shows_the_face_in_its_colours() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    image[80:120, 200:240] = RED
    assert np.allclose(decoded(crop_of(image, detection(200, 80, 40)))[80, 80], RED, atol=12)


def test_a_rotated_face_is_upright_in_its_crop() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[80:120, 80:100], image[80:120, 100:120] = GREEN, RED
    upright = np.rot90(image, 1)  # as if the face had been turned clockwise
    turned = crop_of(image, detection(80, 80, 40, rotation=90))
    expected = crop_of(np.ascontiguousarray(upright), detection(80, 80, 40))
    assert np.abs(decoded(turned).astype(int) - decoded(expected)).mean() < 3
