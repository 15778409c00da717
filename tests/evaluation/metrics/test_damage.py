"""Damage to images and its results."""

import numpy as np
import pytest

from openfrs.evaluation.metrics.damage import DAMAGES, STRENGTHS, damage_result, motion_kernel
from openfrs.evaluation.metrics.rates import Floats
from openfrs.vision.types import Detection

FACE = Detection(20, 20, 60, 60, np.array([[35, 40], [65, 40], [50, 55], [40, 68], [60, 68]], np.float32), 1.0)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_starts_with_the_undamaged_image_and_increases(name: str) -> None:
    image = np.random.default_rng(5).integers(0, 256, (100, 100, 3), np.uint8)
    before = image.copy()
    images = [np.clip(each, 0, 255) for each in DAMAGES[name][1](image, FACE)]
    assert len(images) == len(STRENGTHS)
    assert np.abs(images[0].astype(float) - before).max() <= 1
    distances = [np.abs(each.astype(float) - before).mean() for each in images]
    assert distances == sorted(distances)
    assert (image == before).all()


@pytest.mark.parametrize("degrees", [0, 45, 90])
def test_a_motion_kernel_is_normalised(degrees: float) -> None:
    kernel = motion_kernel(9, degrees)
    assert kernel.shape == (9, 9)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)


def test_a_decreasing_flaw_is_not_monotone() -> None:
    up: Floats = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    level: Floats = np.array([0.1, 0.095, 0.3, 0.3, 0.3])
    down: Floats = np.array([0.5, 0.4, 0.3, 0.2, 0.1])
    result = damage_result(
        [dict.fromkeys(DAMAGES, values) for values in (up, level, down)], data="three images", models="a model"
    )
    assert result.images == 3
    for row in result.kinds:
        assert (row.rises.hits, row.rises.trials) == (2, 3)
        assert row.medians == (0.1, 0.2, 0.3, 0.3, 0.3)
    (table,) = result.tables()
    assert table.rows[0][:5] == ("Gaussian blur", "blur", "0.10", "0.20", "0.30")
