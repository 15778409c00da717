"""The comparison of the estimated risk of searches with searches for strangers."""

import numpy as np
import pytest

from openfrs.evaluation.metrics.risk import risk_result, similarities
from tests.support.cohorts import make_cohort, make_scale, unit_rows

SCALE = make_scale(make_cohort(32), knots=[(-0.6, 0), (0.4, 0.93), (1, 1)])


def test_similarities_of_all_pairs_are_those_of_the_scale() -> None:
    probes, gallery = unit_rows(4, 32, 0), unit_rows(5, 32, 1)
    expected = [[SCALE.compare(probe, face) for face in gallery] for probe in probes]
    assert similarities(SCALE, probes, gallery) == pytest.approx(np.array(expected), abs=1e-4)


def test_the_estimate_follows_the_truth_for_strangers_like_the_enrolled() -> None:
    people = [f"enrolled {number // 2}" for number in range(700)] + [f"stranger {number}" for number in range(800)]
    result = risk_result(unit_rows(1500, 32, 2), people, SCALE, data="d", models="m")
    assert (result.people, result.strangers) == (350, 800)
    assert [point.gallery for point in result.points] == [100] * 5 + [300] * 5
    for point in result.points:
        if point.gallery == 300 and point.measured > 0.05:
            assert 0.5 < point.estimated / point.measured < 1.5
    (table,) = result.tables()
    assert len(table.rows) == 10
