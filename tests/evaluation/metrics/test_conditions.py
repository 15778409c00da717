"""Error rates at one threshold by condition."""

import numpy as np

from openfrs.evaluation.metrics.conditions import ConditionRow, ConditionsResult, small, stranger_rate
from openfrs.evaluation.metrics.rates import Booleans, rate_of, wilson


def _all_pairs(count: int) -> Booleans:
    return ~np.eye(count, dtype=np.bool_)


def test_every_pair_counts_once_and_uncompared_pairs_do_not() -> None:
    matches, compared = np.zeros((5, 5), np.bool_), _all_pairs(5)
    matches[0, 1] = matches[1, 0] = matches[2, 3] = matches[3, 2] = True
    compared[2, 3] = compared[3, 2] = False
    rate = stranger_rate([(matches, compared), (np.zeros((3, 3), np.bool_), _all_pairs(3))])
    assert (rate.hits, rate.trials) == (1, 12)


def test_matches_of_one_image_widen_the_interval() -> None:
    matches = np.zeros((60, 60), np.bool_)
    matches[0] = matches[:, 0] = True
    matches[0, 0] = False
    rate = stranger_rate([(matches, _all_pairs(60))])
    low, high = wilson(rate.hits, rate.trials)
    assert rate.low < low
    assert rate.high > high


def test_without_matches_the_interval_is_that_of_wilson() -> None:
    rate = stranger_rate([(np.zeros((40, 40), np.bool_), _all_pairs(40))])
    assert (rate.low, rate.high) == wilson(0, 780)
    assert small(rate) == "0 (0 to 4.9e-03)"
    assert small(stranger_rate([])) == "-"


def test_the_tables_have_mated_pairs_and_strangers() -> None:
    row = ConditionRow(condition="blurred", images=100, rate=rate_of(1, 1000))
    result = ConditionsResult(
        title="Damage", data="a set", models="a model", score=0.147, mated=(row,), strangers=(row,)
    )
    mated, strangers = result.tables()
    assert mated.rows == [("blurred", "1,000", "0.1 % (0.0 to 0.6)")]
    assert strangers.rows == [("blurred", "1 of 1,000", "1.0e-03 (1.8e-04 to 5.6e-03)")]
    assert not mated.notes
    assert "0.147" in strangers.notes[0]
