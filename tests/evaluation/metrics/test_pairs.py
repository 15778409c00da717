"""Pairs and thresholds, compared with direct computation."""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from openfrs.core.errors import OperatorError
from openfrs.evaluation.metrics import pairs as module
from openfrs.evaluation.metrics.pairs import (
    all_pairs,
    assign_folds,
    best_threshold,
    count_below,
    cross_validated_accuracy,
    threshold_at,
)


def unit(count: int, dimension: int = 8) -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(count).normal(size=(count, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("block", [1, 3, 512])
def test_all_pairs_equal_a_double_loop(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    rows, names = unit(11), np.array(list("abacbaddefa"))
    pairs = all_pairs(rows, names)
    both = list(itertools.combinations(range(11), 2))
    mated = [(first, second) for first, second in both if names[first] == names[second]]
    others = [float(rows[one] @ rows[other]) for one, other in both if names[one] != names[other]]
    assert list(zip(pairs.first, pairs.second, strict=True)) == mated
    assert pairs.genuine == pytest.approx([float(rows[one] @ rows[other]) for one, other in mated], abs=1e-6)
    assert pairs.impostor == pytest.approx(sorted(others), abs=1e-6)
    assert [names[one] for one, _ in mated] == [sorted(set(names))[person] for person in pairs.person]


@pytest.mark.parametrize("names", ["aaaa", "abcd", "a", ""])
def test_pairs_of_only_one_kind_are_rejected(names: str) -> None:
    with pytest.raises(OperatorError, match="no mated pairs or no impostor pairs"):
        all_pairs(unit(len(names)), np.array(list(names)))


def test_too_many_faces_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FACES", 3)
    with pytest.raises(OperatorError, match="at most 3"):
        all_pairs(unit(4), np.array(list("aabb")))


def test_thresholds_by_hand() -> None:
    impostor = np.arange(10, dtype=np.float64) / 10
    assert threshold_at(impostor, 0.1) == np.nextafter(0.8, 1)
    assert threshold_at(impostor, 0.2) == np.nextafter(0.7, 1)
    assert threshold_at(impostor, 0.05) == np.nextafter(0.9, 1)
    assert threshold_at(impostor, 1) == -1


cosines = arrays.arrays(
    np.float32, st.integers(1, 60), elements=st.integers(-10, 10).map(lambda value: np.float32(value / 10))
)


@given(cosines, st.sampled_from([0.0, 0.01, 0.1, 0.3, 0.9]))
def test_a_threshold_is_the_smallest_that_keeps_its_rate(values: npt.NDArray[np.float32], rate: float) -> None:
    ordered = np.sort(values)
    threshold = threshold_at(ordered, rate)
    allowed = int(rate * ordered.size + 1e-9)
    assert ordered.size - count_below(ordered, threshold) == int((values >= np.float32(threshold)).sum()) <= allowed
    below = ordered[ordered < threshold]
    assert not below.size or int((values >= below[-1]).sum()) > allowed


@given(arrays.arrays(np.int8, 30, elements=st.integers(-9, 9)), arrays.arrays(np.bool_, 30))
def test_no_threshold_is_better_than_the_best(scores: npt.NDArray[np.int8], same: npt.NDArray[np.bool_]) -> None:
    values = scores / 10
    threshold, correct = best_threshold(values, same)
    assert int(((values >= threshold) == same).sum()) == correct
    assert correct == max(int(((values >= edge / 100) == same).sum()) for edge in range(-105, 115, 10))


def test_the_middle_of_equally_good_thresholds_is_used() -> None:
    threshold, correct = best_threshold(np.array([0.1, 0.5]), np.array([False, True]))
    assert correct == 2
    assert threshold == pytest.approx(0.3)


def test_ten_folds_by_hand() -> None:
    """The best threshold for fold 1 is 0.55, but that of the other folds is 0.3."""
    values = np.array([0.1, 0.5, 0.5, 0.1, 0.5, 0.5, 0.5, 0.6])
    same = np.array([False, True, True, False, True, True, False, True])
    assert list(cross_validated_accuracy(values, same, np.array([0, 0, 0, 2, 2, 2, 1, 1]))) == [1.0, 0.5, 1.0]


@given(arrays.arrays(np.bool_, st.integers(20, 50)))
def test_folds_are_balanced(same: npt.NDArray[Any]) -> None:
    folds = assign_folds(same)
    for kind in (True, False):
        counts = np.bincount(folds[same == kind], minlength=10)
        assert counts.max() - counts.min() <= 1
