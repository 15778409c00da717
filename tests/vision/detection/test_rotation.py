"""Detection of faces rotated by multiples of 90 degrees."""

from dataclasses import replace

import numpy as np
import pytest

from openfrs.vision.detection.rotation import detect_all_rotations, points_to_original, to_original, unrotate, upright
from openfrs.vision.types import Detection, Image

ROTATIONS = (0, 90, 180, 270)


def face(left: float, top: float, width: float, height: float, score: float = 0.9, rotation: int = 0) -> Detection:
    landmarks = np.array([[1, 1], [2, 1], [1.5, 2], [1, 3], [2, 3]], np.float32)
    return Detection(left, top, width, height, landmarks + np.array([left, top], np.float32), score, rotation)


def rotated_image(rotation: int) -> Image:
    """Return an image of 30 x 20, rotated clockwise, whose one bright pixel is the upper left one of its upright face."""
    image = np.zeros((20, 30, 3), np.uint8)
    image[4, 6] = 255
    return np.ascontiguousarray(np.rot90(image, -rotation // 90))


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_unrotate_restores_the_upright_image(rotation: int) -> None:
    np.testing.assert_array_equal(unrotate(rotated_image(rotation), rotation), rotated_image(0))


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_face_is_mapped_to_the_original_image_and_back(rotation: int) -> None:
    image, detection = rotated_image(rotation), face(6, 4, 1, 1)
    original = to_original(detection, image, rotation)
    assert image[int(original.top), int(original.left)].min() == 255
    assert (original.width, original.height, original.rotation) == (1, 1, rotation)
    level_image, back = upright(image, original)
    np.testing.assert_array_equal(level_image, rotated_image(0))
    np.testing.assert_allclose(back.landmarks, detection.landmarks)
    assert (back.left, back.top, back.rotation) == (6, 4, 0)


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_points_are_mapped_to_the_original_image(rotation: int) -> None:
    image = rotated_image(rotation)
    (point,) = points_to_original(np.array([[6.5, 4.5]], np.float32), rotation, image.shape[:2])
    assert image[int(point[1]), int(point[0])].min() == 255


def test_an_upright_face_is_returned_unchanged() -> None:
    image, detection = rotated_image(0), face(6, 4, 5, 5)
    level_image, back = upright(image, detection)
    assert level_image is image
    assert back is detection


@pytest.mark.parametrize(
    ("scores", "rotations"),
    [
        ({0: 0.9}, [0]),
        ({0: 0.9, 90: 0.91}, [0]),
        ({0: 0.8, 180: 0.9}, [180]),
        ({270: 0.9}, [270]),
        ({270: 0.8}, []),
        ({0: 0.72}, [0]),
        ({}, []),
    ],
)
def test_the_rotation_with_the_clearly_best_score_is_reported(scores: dict[int, float], rotations: list[int]) -> None:
    image = rotated_image(0)
    rotation_of = {unrotate(image, rotation).tobytes(): rotation for rotation in ROTATIONS}

    def detect(unrotated: Image) -> list[Detection]:
        """Return the face at 6, 4 of the original image, with the score of the image's rotation."""
        rotation = rotation_of[unrotated.tobytes()]
        if rotation not in scores:
            return []
        _, level = upright(image, replace(face(6, 4, 6, 6, scores[rotation]), rotation=rotation))
        return [level]

    faces = detect_all_rotations(detect, detect, image)
    assert [each.rotation for each in faces] == rotations
    assert all((each.left, each.top, each.width, each.height) == (6, 4, 6, 6) for each in faces)


@pytest.mark.parametrize(("upright_faces", "quick_calls", "full_calls"), [(1, 3, 1), (0, 0, 4)])
def test_rotated_images_are_searched_quickly_if_a_face_is_upright(
    upright_faces: int, quick_calls: int, full_calls: int
) -> None:
    calls = {"detect": 0, "detect_quick": 0}

    def detect(unrotated: Image) -> list[Detection]:
        calls["detect"] += 1
        return [face(6, 4, 6, 6)] * upright_faces

    def detect_quick(unrotated: Image) -> list[Detection]:
        calls["detect_quick"] += 1
        return []

    detect_all_rotations(detect, detect_quick, rotated_image(0))
    assert calls == {"detect": full_calls, "detect_quick": quick_calls}
