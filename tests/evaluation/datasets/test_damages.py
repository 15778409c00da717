"""Damages of photographs."""

import numpy as np
import pytest

from openfrs.evaluation.datasets.damages import DAMAGES, damaged
from openfrs.vision.types import Detection

LANDMARKS = np.array([[80, 90], [120, 90], [100, 110], [85, 130], [115, 130]], np.float32)
FACE = Detection(60, 50, 80, 100, LANDMARKS, 0.9)
IMAGE = np.random.default_rng(0).integers(60, 200, (200, 220, 3)).astype(np.uint8)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_changes_a_copy_and_repeats_exactly(damage: str) -> None:
    before = IMAGE.copy()
    image = damaged(IMAGE, FACE, damage, "anna/1.jpg")
    assert (before == IMAGE).all()
    assert image.dtype == np.uint8
    assert image.shape != IMAGE.shape or (image != IMAGE).any()
    assert np.array_equal(image, damaged(IMAGE, FACE, damage, "anna/1.jpg"))


def test_covers_are_where_they_belong() -> None:
    eyes, lower = (damaged(IMAGE, FACE, damage, "anna") != IMAGE for damage in ("eyes", "lower"))
    assert eyes[88:92, 70:130].any(axis=2).all()
    assert not eyes[125:].any()
    assert lower[115:150, 62:138].any(axis=2).all()
    assert not lower[:90].any()


def test_sizes() -> None:
    assert damaged(IMAGE, FACE, "small", "a").shape == (48, 53, 3)
    assert damaged(IMAGE, FACE, "cut", "a").shape == (200, 128, 3)
    assert damaged(IMAGE, FACE, "turned-90", "a").shape == (220, 200, 3)
