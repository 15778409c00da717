"""Faces in pictures that lie on their side or stand on their head."""

from dataclasses import replace

import numpy as np
import pytest

from openfrs.core.geometry import intersection_over_union
from openfrs.vision.detection.rotation import detect_all_rotations, points_to_original, to_original, unrotate, upright
from openfrs.vision.types import Detection, Image

TURNS = (0, 90, 180, 270)


def face(left: float, top: float, width: float, height: float, score: float = 0.9, turn: int = 0) -> Detection:
    landmarks = np.array([[1, 1], [2, 1], [1.5, 2], [1, 3], [2, 3]], np.float32)
    return Detection(left, top, width, height, landmarks + np.array([left, top], np.float32), score, turn)


def lying(turn: int) -> Image:
    """A picture of 30 x 20 whose brightest pixel is the upper left one of its upright face, turned clockwise."""
    image = np.zeros((20, 30, 3), np.uint8)
    image[4, 6] = 255
    return np.ascontiguousarray(np.rot90(image, -turn // 90))


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_picture_is_upright_again(turn: int) -> None:
    np.testing.assert_array_equal(unrotate(lying(turn), turn), lying(0))


@pytest.mark.parametrize("turn", TURNS)
def test_a_face_is_put_where_it_lies(turn: int) -> None:
    image, found = lying(turn), face(6, 4, 1, 1)
    there = to_original(found, image, turn)
    assert image[int(there.top), int(there.left)].min() == 255
    assert (there.width, there.height, there.rotation) == (1, 1, turn)
    picture, back = upright(image, there)
    np.testing.assert_array_equal(picture, lying(0))
    np.testing.assert_allclose(back.landmarks, found.landmarks)
    assert (back.left, back.top, back.rotation) == (6, 4, 0)


@pytest.mark.parametrize("turn", TURNS)
def test_points_go_with_the_picture(turn: int) -> None:
    image = lying(turn)
    (point,) = points_to_original(np.array([[6.5, 4.5]], np.float32), turn, image.shape[:2])
    assert image[int(point[1]), int(point[0])].min() == 255


def test_an_upright_face_is_its_own_upright() -> None:
    image, found = lying(0), face(6, 4, 5, 5)
    picture, back = upright(image, found)
    assert picture is image
    assert back is found


def test_boxes_overlap_by_what_they_share() -> None:
    assert intersection_over_union(face(0, 0, 10, 10), face(0, 0, 10, 10)) == 1
    assert intersection_over_union(face(0, 0, 10, 10), face(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert intersection_over_union(face(0, 0, 10, 10), face(20, 20, 10, 10)) == 0
    assert intersection_over_union(face(0, 0, 0, 0), face(0, 0, 0, 0)) == 0


@pytest.mark.parametrize(
    ("scores", "turns"),
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
def test_the_turn_that_scores_clearly_best_is_taken(scores: dict[int, float], turns: list[int]) -> None:
    image = lying(0)
    pictures = {unrotate(image, turn).tobytes(): turn for turn in TURNS}

    def detect(picture: Image) -> list[Detection]:
        """The one face at 6, 4 of the picture as it is, scored by how the picture has been turned."""
        turn = pictures[picture.tobytes()]
        if turn not in scores:
            return []
        _, there = upright(image, replace(face(6, 4, 6, 6, scores[turn]), rotation=turn))
        return [there]

    found = detect_all_rotations(detect, detect, image)
    assert [each.rotation for each in found] == turns
    assert all((each.left, each.top, each.width, each.height) == (6, 4, 6, 6) for each in found)


@pytest.mark.parametrize(("upright_faces", "glances", "looks"), [(1, 3, 1), (0, 0, 4)])
def test_turned_pictures_are_only_glanced_at_where_a_face_is_upright(
    upright_faces: int, glances: int, looks: int
) -> None:
    seen = {"look": 0, "detect_quick": 0}

    def detect(picture: Image) -> list[Detection]:
        seen["look"] += 1
        return [face(6, 4, 6, 6)] * upright_faces

    def detect_quick(picture: Image) -> list[Detection]:
        seen["detect_quick"] += 1
        return []

    detect_all_rotations(detect, detect_quick, lying(0))
    assert seen == {"look": looks, "detect_quick": glances}
