import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.vision.detection.tiling import OVERLAP, outside, suppress_overlapping, tiles, whole_in_tile, without_parts

SIDE = 640


def row(left: float, top: float, side: float, score: float = 0.9) -> list[float]:
    return [left, top, side, side, *[0.0] * 10, score]


def rows(*each: list[float]) -> np.ndarray:
    return np.array(each, np.float32).reshape(-1, 15)


@given(st.integers(1, 4096), st.integers(1, 4096), st.integers(1, OVERLAP), st.data())
def test_a_face_as_large_as_the_overlap_lies_completely_in_a_tile(
    width: int, height: int, face: int, data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, max(0, width - face)))
    top = data.draw(st.integers(0, max(0, height - face)))
    right, bottom = min(width, left + face), min(height, top + face)
    assert any(
        x <= left and y <= top and right <= x + SIDE and bottom <= y + SIDE for x, y in tiles((width, height), SIDE)
    )


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_tiles_lie_inside_a_larger_image(width: int, height: int) -> None:
    for left, top in tiles((width, height), SIDE):
        assert 0 <= left <= max(0, width - SIDE)
        assert 0 <= top <= max(0, height - SIDE)


@pytest.mark.parametrize(("size", "count"), [((640, 480), 1), ((641, 480), 2), ((1280, 960), 6), ((3277, 3277), 36)])
def test_the_number_of_tiles_is_minimal(size: tuple[int, int], count: int) -> None:
    assert len(list(tiles(size, SIDE))) == count


def test_a_face_cut_by_an_inner_edge_is_dropped() -> None:
    faces = rows(row(0, 100, 50), row(100, 100, 50), row(590, 100, 50), row(100, 0, 50), row(100, 590, 50))
    size = (2000, 640)
    np.testing.assert_array_equal(whole_in_tile(faces, (500, 0), size, SIDE), faces[[1, 3, 4]])
    np.testing.assert_array_equal(whole_in_tile(faces, (0, 0), size, SIDE), faces[[0, 1, 3, 4]])
    np.testing.assert_array_equal(whole_in_tile(faces, (1360, 0), size, SIDE), faces[[1, 2, 3, 4]])
    assert len(whole_in_tile(faces, (0, 0), (640, 640), SIDE)) == 5


def test_non_maximum_suppression_keeps_the_best_score() -> None:
    faces = rows(row(0, 0, 40, 0.7), row(4, 4, 40, 0.9), row(100, 0, 40, 0.65))
    assert suppress_overlapping(faces, 0.3)[:, 14].tolist() == pytest.approx([0.9, 0.65])
    assert suppress_overlapping(rows(), 0.3).shape == (0, 15)


def test_a_part_of_a_face_is_dropped() -> None:
    larger = rows(row(100, 100, 200))
    faces = rows(row(150, 150, 30), row(120, 120, 150), row(90, 90, 30), row(85, 85, 20))
    np.testing.assert_array_equal(without_parts(faces, larger), faces[[1, 3]])
    assert without_parts(rows(), larger).shape == (0, 15)
    assert len(without_parts(faces, rows())) == 4


def test_faces_outside_have_their_centre_in_no_other_box() -> None:
    others = rows(row(100, 100, 200))
    faces = rows(row(150, 150, 30), row(90, 90, 220), row(90, 90, 30), row(300, 300, 20))
    np.testing.assert_array_equal(outside(faces, others), faces[[3]])
    assert len(outside(faces, rows())) == 4
