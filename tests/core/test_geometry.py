"""Bounding boxes and their overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core.geometry import BoundingBox, Edges, intersection_over_union, pairwise_intersection_over_union

BOXES = st.lists(
    st.builds(BoundingBox, st.integers(-30, 30), st.integers(-30, 30), st.integers(0, 30), st.integers(0, 30)),
    min_size=1,
    max_size=5,
)


def edges(boxes: list[BoundingBox]) -> Edges:
    return np.array([[box.left, box.top, box.left + box.width, box.top + box.height] for box in boxes], np.float64)


def test_intersection_over_union() -> None:
    box = BoundingBox(10, 10, 20, 20)
    assert intersection_over_union(box, box) == 1.0
    assert intersection_over_union(box, BoundingBox(20, 10, 20, 20)) == pytest.approx(1 / 3)
    assert intersection_over_union(box, BoundingBox(30, 10, 20, 20)) == 0.0
    assert intersection_over_union(box, BoundingBox(70, 70, 20, 20)) == 0.0
    assert intersection_over_union(BoundingBox(0, 0, 10, 10), BoundingBox(0, 0, 10, 10)) == 1
    assert intersection_over_union(BoundingBox(0, 0, 10, 10), BoundingBox(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert intersection_over_union(BoundingBox(0, 0, 10, 10), BoundingBox(20, 20, 10, 10)) == 0
    assert intersection_over_union(BoundingBox(0, 0, 0, 0), BoundingBox(0, 0, 0, 0)) == 0


@given(BOXES, BOXES)
def test_pairwise_overlaps_equal_those_of_single_boxes(first: list[BoundingBox], second: list[BoundingBox]) -> None:
    expected = [[intersection_over_union(one, other) for other in second] for one in first]
    np.testing.assert_allclose(pairwise_intersection_over_union(edges(first), edges(second)), expected)
