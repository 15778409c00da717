"""Rates and intervals: published values and properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.evaluation.metrics.rates import clustered_rate, clustered_rate_among, mean_of, rate_of, wilson


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_wilson_equals_published_intervals(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_an_interval_contains_the_rate_and_is_symmetric(counts: tuple[int, int]) -> None:
    hits, trials = counts
    rate = rate_of(hits, trials)
    assert 0 <= rate.low <= rate.rate <= rate.high <= 1
    other = rate_of(trials - hits, trials)
    assert (1 - other.high, 1 - other.low) == pytest.approx((rate.low, rate.high), abs=1e-12)


def test_without_trials_the_interval_is_everything() -> None:
    assert wilson(0, 0) == (0, 1)
    assert rate_of(0, 0).percent() == "-"


def test_a_rate_is_formatted_with_its_interval() -> None:
    assert rate_of(81, 263).percent(1) == "30.8 % (25.5 to 36.6)"


def test_dependent_trials_widen_the_interval() -> None:
    """Ten people, one of whom has nearly all trials and all misses."""
    trials = np.array([1000, *[10] * 9])
    hits = np.array([500, *[10] * 9])
    plain, clustered = rate_of(590, 1090), clustered_rate(hits, trials)
    assert clustered.rate == plain.rate
    assert clustered.low < plain.low
    assert clustered.high > plain.high


def test_clusters_are_identified_by_their_numbers() -> None:
    hits = np.array([True, True, False, True])
    assert clustered_rate_among(hits, np.array([7, 7, 3, 3])) == clustered_rate(np.array([1, 2]), np.array([2, 2]))
    assert clustered_rate_among(hits[:0], np.array([], np.intp)).trials == 0


def test_a_mean_by_hand() -> None:
    mean = mean_of(np.array([1.0, 2.0, 3.0]))
    assert mean.mean == 2
    assert mean.high - mean.mean == pytest.approx(1.959964 / 3**0.5)
    assert mean_of(np.array([4.0])).low == 4
