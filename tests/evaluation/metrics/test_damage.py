"""Damage to pictures, and what a result of it says."""

import numpy as np
import pytest

from openfrs.evaluation.metrics.damage import DAMAGES, STRENGTHS, damage_result, motion_kernel
from openfrs.evaluation.metrics.rates import Floats
from openfrs.vision.types import Detection

FACE = Detection(20, 20, 60, 60, np.array([[35, 40], [65, 40], [50, 55], [40, 68], [60, 68]], np.float32), 1.0)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_begins_with_the_picture_as_it_is_and_grows(name: str) -> None:
    image = np.random.default_rng(5).integers(0, 256, (100, 100, 3), np.uint8)
    before = image.copy()
    pictures = [np.clip(each, 0, 255) for each in DAMAGES[name][1](image, FACE)]
    assert len(pictures) == len(STRENGTHS)
    assert np.abs(pictures[0].astype(float) - before).max() <= 1
    away = [np.abs(each.astype(float) - before).mean() for each in pictures]
    assert away == sorted(away)
    assert (image == before).all()


@pytest.mark.parametrize("degrees", [0, 45, 90])
def test_motion_is_a_mean(degrees: float) -> None:
    kernel = motion_kernel(9, degrees)
    assert kernel.shape == (9, 9)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)


def test_a_flaw_that_falls_does_not_rise() -> None:
    up: Floats = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    level: Floats = np.array([0.1, 0.095, 0.3, 0.3, 0.3])
    down: Floats = np.array([0.5, 0.4, 0.3, 0.2, 0.1])
    result = damage_result(
        [dict.fromkeys(DAMAGES, values) for values in (up, level, down)], data="three pictures", models="a model"
    )
    assert result.pictures == 3
    for row in result.kinds:
        assert (row.rises.hits, row.rises.trials) == (2, 3)
        assert row.medians == (0.1, 0.2, 0.3, 0.3, 0.3)
    (table,) = result.tables()
    assert table.rows[0][:5] == ("Gaussian blur", "blur", "0.10", "0.20", "0.30")
