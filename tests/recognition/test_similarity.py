import json
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from openfrs.recognition.similarity import (
    DECIMALS,
    Calibration,
    calibration,
    fit_knots,
    is_calibrated,
    load_calibration,
)
from openfrs.vision import weights
from openfrs.vision.weights.manifest import manifest

SFACE = calibration("sface")
FINEST = 10**-DECIMALS


def with_knots(*knots: tuple[float, float]) -> Calibration:
    return Calibration.model_validate({**SFACE.model_dump(), "knots": knots})


@pytest.mark.parametrize("name", [*manifest().embedders])
def test_every_embedder_has_its_own_calibration(name: str) -> None:
    assert is_calibrated(name)
    assert calibration(name).embedder == name
    assert load_calibration(name) is calibration(name)


@pytest.fixture(params=[*manifest().embedders])
def scale(request: pytest.FixtureRequest) -> Calibration:
    return calibration(request.param)


def test_the_match_threshold_has_a_false_match_rate_of_one_in_ten_thousand(scale: Calibration) -> None:
    (point,) = (point for point in scale.operating_points if point.similarity == 0.93)
    assert point.false_match_rate == pytest.approx(1e-4, rel=0.05)
    assert scale.similarity(point.score) == pytest.approx(0.93, abs=2 * FINEST)


def test_the_match_threshold_is_estimated_from_enough_pairs(scale: Calibration) -> None:
    assert scale.impostor_pairs * 1e-4 >= 100


def test_the_operating_points_lie_on_the_scale(scale: Calibration) -> None:
    for point in scale.operating_points:
        assert scale.similarity(point.score) == pytest.approx(point.similarity, abs=2e-3)
    for lower, higher in pairwise(scale.operating_points):
        assert lower.similarity < higher.similarity
        assert lower.false_match_rate > higher.false_match_rate
        assert lower.true_match_rate >= higher.true_match_rate


def test_identity_is_one() -> None:
    assert SFACE.similarity(1.0) == 1.0
    assert SFACE.similarity(float(np.nextafter(np.float32(1), np.float32(2)))) == 1.0


@given(st.floats(-1.1, 1))
def test_the_impostor_mean_and_below_have_similarity_zero(share: float) -> None:
    mean = SFACE.knots[0][0]
    assert SFACE.similarity(min(share, mean)) == 0.0


@given(st.floats(-1.01, 1.01), st.floats(-1.01, 1.01))
def test_the_ranking_is_preserved(first: float, second: float) -> None:
    low, high = sorted([first, second])
    assert 0 <= SFACE.similarity(low) <= SFACE.similarity(high) <= 1


@given(st.floats(0.1, 0.999))
def test_above_the_impostor_mean_the_unrounded_scale_increases(cosine: float) -> None:
    lower, higher = SFACE.similarities(np.array([cosine, cosine + 1e-3]))
    assert lower < higher


@given(st.floats(-1, 1), st.integers(0, 10**DECIMALS))
def test_the_score_of_a_threshold_separates_rounded_similarities(cosine: float, steps: int) -> None:
    threshold = steps * FINEST
    least = SFACE.score(threshold)
    if SFACE.similarity(cosine) >= threshold:
        assert cosine >= least - 1e-12
    elif cosine > least:
        assert cosine - least < 1e-9


@given(st.integers(1, 10**DECIMALS))
def test_similarity_inverts_score_at_the_rounding_boundary(steps: int) -> None:
    similarity = round(steps * FINEST, DECIMALS)
    assert SFACE.similarity(SFACE.score(similarity) + 1e-9) == similarity
    assert SFACE.similarity(SFACE.score(similarity) - 1e-9) == pytest.approx(similarity - FINEST)


@pytest.mark.parametrize("threshold", [0.0, -1.0])
def test_a_threshold_of_zero_accepts_everything(threshold: float) -> None:
    assert SFACE.score(threshold) == -np.inf


def test_arrays_and_single_cosines_agree() -> None:
    cosines = np.linspace(-1, 1, 501)
    assert [SFACE.similarity(float(cosine)) for cosine in cosines] == np.round(SFACE.similarities(cosines), 4).tolist()


@settings(max_examples=10, deadline=None)
@given(mean=st.floats(-0.1, 0.2), spread=st.floats(0.04, 0.12), seed=st.integers(0, 1000))
def test_fitting_places_the_match_threshold_at_one_false_match_in_ten_thousand(
    mean: float, spread: float, seed: int
) -> None:
    impostors = np.random.default_rng(seed).normal(mean, spread, 400_000).clip(-1, 0.95)
    scale = with_knots(*fit_knots(impostors))
    cosines = {similarity: cosine for cosine, similarity in scale.knots}
    assert (impostors > cosines[0.93]).mean() == pytest.approx(1e-4, rel=0.05)
    assert (impostors > cosines[0.70]).mean() == pytest.approx(1e-2, rel=0.01)
    assert cosines[0.0] == pytest.approx(impostors.mean(), abs=1e-6)
    assert scale.similarity(1) == 1


def test_a_false_match_rate_with_too_few_pairs_is_left_out() -> None:
    impostors = np.random.default_rng(0).normal(0, 0.1, 30_000).clip(-1, 0.95)
    assert [similarity for _, similarity in fit_knots(impostors)] == [0.0, 0.40, 0.70, 0.85, 1.0]


@pytest.mark.parametrize(
    "knots",
    [
        [],
        [(1, 1)],
        [(0.1, 0), (0.4, 0.93)],
        [(0.1, 0.1), (1, 1)],
        [(0.1, 0), (0.9, 1)],
        [(0.4, 0), (0.1, 0.93), (1, 1)],
        [(0.1, 0), (0.4, 0.93), (0.5, 0.9), (1, 1)],
        [(0.1, 0), (0.4, 0.9), (0.4, 0.93), (1, 1)],
        [(0.1, 0), (0.4, 0.9), (0.5, 0.9), (1, 1)],
        [(0.1, 0), (float("nan"), 0.9), (1, 1)],
        [(float("-inf"), 0), (1, 1)],
    ],
)
def test_invalid_knots_are_rejected(knots: list[tuple[float, float]]) -> None:
    with pytest.raises(ValidationError):
        with_knots(*knots)


def test_unknown_keys_are_rejected() -> None:
    included: dict[str, Any] = json.loads(
        (resources.files(weights) / manifest().embedders["sface"].calibration).read_text("utf-8")
    )
    with pytest.raises(ValidationError):
        Calibration.model_validate({**included, "note": "x"})


def test_files_made_before_scores_were_normalised_are_read() -> None:
    included = SFACE.model_dump()
    points = [
        {"cosine" if name == "score" else name: value for name, value in point.items()}
        for point in included["operating_points"]
    ]
    del included["cohort"]
    assert Calibration.model_validate({**included, "operating_points": points}) == SFACE.model_copy(
        update={"cohort": ""}
    )
