"""The scale from cosines and scores to similarities: what score normalisation must keep."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openfrs.core.errors import OperatorError
from openfrs.recognition.scale import NEAR_COSINE, Scale, load_cohort, load_scale, near
from openfrs.recognition.similarity import DECIMALS, calibration
from openfrs.vision.weights.manifest import manifest
from tests.support.cohorts import make_cohort, make_scale, unit_rows

FINEST = 10**-DECIMALS
SCALE = make_scale(make_cohort())
PLAIN = make_scale(None)
WEIGHTS = st.floats(0, 1)
BIASES = st.floats(-1, 0)


@pytest.mark.parametrize("name", [*manifest().embedders])
def test_every_embedder_has_a_scale(name: str) -> None:
    scale = load_scale(name)
    assert scale.calibration is calibration(name)
    assert scale.cohort is load_cohort(name)
    assert scale.embedder == name


@given(WEIGHTS, st.integers(0, 99), st.floats(0.01, 1))
def test_a_template_has_similarity_one_to_itself(weight: float, seed: int, spread: float) -> None:
    scale = make_scale(make_cohort(weight=weight))
    templates = unit_rows(20, 128, seed, spread=spread)
    stored = templates.astype(np.float16).astype(np.float32)
    cosines = np.einsum("ij,ij->i", templates, stored)
    scores = cosines + scale.biases(templates) + scale.biases(stored)
    pairs = zip(cosines.tolist(), scores.tolist(), strict=True)
    assert {scale.similarity(cosine, score) for cosine, score in pairs} == {1.0}


@given(st.floats(-1, 1), st.floats(-1, 1), BIASES, BIASES)
def test_for_two_biases_the_similarity_rises_with_the_cosine(
    one: float, other: float, first: float, second: float
) -> None:
    low, high = sorted([one, other])
    cosines = np.array([low, high])
    lower, higher = SCALE.similarities(cosines, cosines + first + second)
    assert 0 <= lower <= higher <= 1


def test_the_recognisability_falls_with_the_closeness_to_the_cohort() -> None:
    crowded, *others = [*unit_rows(1, 128, 5, spread=0.05), *unit_rows(8, 128, 6)]
    values = [SCALE.recognisability(template) for template in others]
    assert SCALE.cohort is not None
    assert SCALE.recognisability(SCALE.cohort.centroids[0].astype(np.float32)) == pytest.approx(0, abs=0.2)
    lowest = SCALE.recognisability(crowded)
    assert all(value is not None and lowest is not None and 0 <= lowest < value <= 1 for value in values)
    assert PLAIN.recognisability(crowded) is None
    assert make_scale(make_cohort(weight=0)).recognisability(crowded) is None


@given(st.floats(-1, 1), BIASES, BIASES)
def test_a_closer_cohort_never_raises_the_similarity(cosine: float, first: float, second: float) -> None:
    low, high = sorted([first, second])
    lower, higher = SCALE.similarities(np.array([cosine, cosine]), np.array([cosine + low, cosine + high]))
    assert lower <= higher


@given(st.floats(NEAR_COSINE, 1 - 1e-4), st.floats(1e-5, 0.1))
def test_almost_equal_templates_rise_strictly_to_one(cosine: float, step: float) -> None:
    lower, higher = near(np.array([cosine, min(1, cosine + step)]))
    assert 0 <= lower < higher <= 1
    assert near(np.array([-1, 0, NEAR_COSINE - 1e-9, 1, 1 + 1e-4])).tolist() == [0, 0, 0, 1, 1]


@given(st.floats(-1, 1))
def test_without_a_cohort_the_score_is_the_cosine(cosine: float) -> None:
    assert PLAIN.biases(unit_rows(3, 128, 0)).tolist() == [0, 0, 0]
    assert PLAIN.similarity(cosine, cosine) == calibration("sface").similarity(cosine)
    assert (PLAIN.identity, PLAIN.weight, PLAIN.near_cosine) == ("", 0, 1)


@settings(max_examples=300)
@given(st.sampled_from([SCALE, PLAIN]), st.floats(-1, 1), BIASES, BIASES, st.integers(-1, 10**DECIMALS))
def test_either_threshold_suffices_for_a_similarity(
    scale: Scale, cosine: float, first: float, second: float, steps: int
) -> None:
    score = cosine if scale is PLAIN else cosine + first + second
    threshold = round(steps * FINEST, DECIMALS)
    least_score, least_cosine = scale.thresholds(threshold)
    reached = scale.similarity(cosine, score) >= threshold
    if min(abs(score - least_score), abs(cosine - least_cosine)) > 1e-9:
        assert reached == (score >= least_score or cosine >= least_cosine)


def test_a_calibration_refuses_another_cohort() -> None:
    scale = make_scale(make_cohort())
    for cohort in (None, make_cohort(weight=0.25)):
        with pytest.raises(ValueError, match="was made with cohort test-"):
            Scale(scale.calibration, cohort)
    with pytest.raises(ValueError, match="was made with cohort none, not test-"):
        Scale(calibration("sface").model_copy(update={"cohort": ""}), make_cohort())
    with pytest.raises(ValueError, match="the cohort is for embedder other, not sface"):
        make_scale(make_cohort(embedder="other"), embedder="sface")


def test_a_scale_of_other_files_is_an_operators_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openfrs.recognition.scale.load_cohort", lambda _: make_cohort(weight=0.1))
    with pytest.raises(OperatorError, match=r"embedder sface: .*; run openfrs eval calibrate again"):
        load_scale("sface")
