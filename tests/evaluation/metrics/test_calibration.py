"""A scale is refused if its images do not support the error rates that it states."""

import math

import numpy as np
import pytest

from openfrs.core.errors import OperatorError
from openfrs.evaluation.metrics.calibration import calibrate
from openfrs.evaluation.metrics.pairs import AllPairs


def pairs_of(images: int, people: int, mated: int) -> AllPairs:
    """Return pairs with cosines as those of an embedder: impostors around 0, mated pairs around 0.7."""
    random = np.random.default_rng(1)
    impostors = np.sort(random.normal(0, 0.15, math.comb(images, 2) - mated).clip(-1, 0.99)).astype(np.float32)
    none = np.zeros(mated, dtype=np.intp)
    genuine = random.normal(0.7, 0.05, mated).astype(np.float32)
    return AllPairs(genuine, impostors, none, none, none, [])


@pytest.mark.parametrize(
    ("images", "people", "mated", "reason"),
    [
        (39, 4, 190, "39 images of 4 people have 4 people; .* needs at least 142; add images of more people"),
        (1000, 141, 3600, "1,000 images of 141 people have 141 people; .* needs at least 142"),
        (1000, 950, 50, "have 50 mated pairs; .* needs at least 100; add a second image of more people"),
        (700, 500, 200, "have 244,450 impostor pairs; .* needs at least 300,000; add images of more people"),
    ],
)
def test_images_that_do_not_support_a_scale_are_refused(images: int, people: int, mated: int, reason: str) -> None:
    with pytest.raises(OperatorError, match=reason):
        calibrate(pairs_of(images, people, mated), embedder="e", data="d", images=images, people=people)


def test_enough_images_give_the_error_rates_at_the_match_threshold() -> None:
    scale = calibrate(pairs_of(900, 700, 200), embedder="e", data="d", images=900, people=700)
    (match,) = [point for point in scale.operating_points if point.similarity == 0.93]
    assert match.false_match_rate == pytest.approx(1e-4, rel=0.05)
    assert match.true_match_rate > 0.9
