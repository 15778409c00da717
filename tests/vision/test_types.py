import numpy as np
import pytest

from openfrs.vision.types import Detection, main_face

IMAGE = np.zeros((400, 600, 3), np.uint8)


def face(x: float, y: float, side: float) -> Detection:
    """A square face around a centre."""
    return Detection(x - side / 2, y - side / 2, side, side, np.zeros((5, 2), np.float32), 1.0)


CENTRAL = face(310, 190, 100)


def test_the_area_is_of_the_box() -> None:
    assert CENTRAL.area == 10_000


def test_a_picture_without_faces_is_about_none() -> None:
    assert main_face([], IMAGE) == []


@pytest.mark.parametrize("side", [120, 300])
def test_a_clearly_larger_face_is_what_the_picture_is_about(side: float) -> None:
    large = face(80, 80, side)
    assert main_face([large, CENTRAL], IMAGE) == [large]


@pytest.mark.parametrize("side", [95, 100, 105])
def test_of_faces_as_large_the_most_central_counts(side: float) -> None:
    aside = face(80, 80, side)
    assert main_face([aside, CENTRAL], IMAGE) == main_face([CENTRAL, aside], IMAGE) == [CENTRAL]


def test_a_small_face_in_the_middle_does_not_count() -> None:
    assert main_face([face(100, 100, 60), face(300, 200, 20)], IMAGE)[0].width == 60
