"""Cohorts: biases of templates, and files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core.errors import OperatorError
from openfrs.recognition import cohort as cohort_module
from openfrs.recognition.cohort import BIAS_STEP, MIN_FACES, Cohort, load_cohort_file
from tests.support.cohorts import make_cohort, unit_rows

COHORT = make_cohort()


def expected_biases(cohort: Cohort, templates: Any) -> Any:
    """Return the biases of the definition, template by template."""
    closeness = []
    for template in templates.astype(np.float64):
        cosines = sorted((float(template @ centroid) for centroid in cohort.centroids.astype(np.float64)), reverse=True)
        closeness.append(max(0.0, sum(cosines[: cohort.neighbours]) / cohort.neighbours))
    return -cohort.weight * np.array(closeness)


@given(st.integers(0, 30), st.integers(1, 24), st.floats(0, 1), st.integers(0, 99))
def test_the_bias_is_the_weighted_mean_cosine_of_the_nearest_centroids(
    count: int, neighbours: int, weight: float, seed: int
) -> None:
    cohort = replace(COHORT, neighbours=neighbours, weight=weight)
    templates = unit_rows(count, 128, seed, spread=0.3)
    biases = cohort.biases(templates)
    assert biases.dtype == np.float32
    assert biases == pytest.approx(expected_biases(cohort, templates), abs=BIAS_STEP)
    assert np.all((biases >= -weight - BIAS_STEP) & (biases <= 0))


def test_a_bias_does_not_depend_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    templates = unit_rows(1000, 128, 1)
    together = COHORT.biases(templates)
    assert [COHORT.biases(template[None])[0] for template in templates] == together.tolist()
    monkeypatch.setattr(cohort_module, "_CHUNK", 24)
    assert COHORT.biases(templates).tolist() == together.tolist()


def test_two_half_precision_numbers_hold_a_bias_exactly() -> None:
    biases = replace(COHORT, weight=1.0).biases(unit_rows(1000, 128, 2, spread=0.1))
    high = biases.astype(np.float16)
    low = (biases - high).astype(np.float16)
    assert (high.astype(np.float32) + low.astype(np.float32)).tolist() == biases.tolist()


@given(st.integers(0, 999), st.floats(0.001, 1))
def test_biases_of_close_templates_are_close(seed: int, spread: float) -> None:
    first, second = unit_rows(2, 128, seed, spread=spread)
    difference = abs(float(COHORT.biases(first[None])[0]) - float(COHORT.biases(second[None])[0]))
    assert difference <= COHORT.weight * float(np.linalg.norm(first - second)) * 1.001 + BIAS_STEP


def test_a_template_far_from_the_cohort_has_no_bias() -> None:
    cohort = replace(COHORT, centroids=COHORT.centroids[:12], faces=COHORT.faces[:12])
    assert cohort.biases(-cohort.centroids[:1].astype(np.float32)).tolist() == [0.0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_cohort_survives_its_file(tmp_path: Path, dtype: Any) -> None:
    cohort = replace(COHORT, centroids=COHORT.centroids.astype(dtype), weight=0.37)
    cohort.save(tmp_path / "cohort.npz")
    loaded = load_cohort_file(tmp_path / "cohort.npz")
    assert loaded.identity == cohort.identity
    assert (loaded.embedder, loaded.version, loaded.data) == ("sface", "test", "random numbers")
    assert (loaded.neighbours, loaded.weight, loaded.dimension) == (3, 0.37, 128)
    assert loaded.centroids.dtype == dtype
    assert loaded.centroids.tolist() == cohort.centroids.tolist()
    assert loaded.faces.tolist() == cohort.faces.tolist()


def test_equal_cohorts_have_equal_files(tmp_path: Path) -> None:
    COHORT.save(tmp_path / "one.npz")
    COHORT.save(tmp_path / "other.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()


@pytest.mark.parametrize(
    "changes",
    [{"weight": 0.25}, {"neighbours": 4}, {"version": "2"}, {"embedder": "other"}, {"centroids": -COHORT.centroids}],
)
def test_the_identity_changes_with_all_that_decides_the_biases(changes: dict[str, Any]) -> None:
    assert replace(COHORT, **changes).identity != COHORT.identity
    assert replace(COHORT, data="other words").identity == COHORT.identity


@pytest.mark.parametrize(
    "changes",
    [
        {"faces": np.full(24, MIN_FACES - 1)},
        {"faces": np.full(23, MIN_FACES)},
        {"faces": np.full(24, float(MIN_FACES))},
        {"centroids": 2 * COHORT.centroids},
        {"centroids": np.full_like(COHORT.centroids, np.nan)},
        {"centroids": COHORT.centroids.astype(np.float64)},
        {"centroids": COHORT.centroids[0]},
        {"neighbours": 25},
        {"neighbours": 0},
        {"weight": 1.5},
        {"weight": float("nan")},
        {"version": "no spaces"},
    ],
)
def test_an_invalid_cohort_is_rejected(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(COHORT, **changes)


def arrays(**changes: Any) -> dict[str, Any]:
    """Return the arrays of a valid file with changes; None removes one."""
    words = {"embedder": "sface", "version": "1", "data": "", "neighbours": 3, "weight": 0.5}
    valid = {"centroids": COHORT.centroids, "faces": COHORT.faces, "description": np.array(json.dumps(words))}
    return {name: value for name, value in (valid | changes).items() if value is not None}


@pytest.mark.parametrize(
    "content",
    [
        arrays(centroids=None),
        arrays(description=None),
        arrays(description=np.array("{}")),
        arrays(description=np.array("no JSON")),
        arrays(centroids=np.array([None, "pickled"], object)),
        arrays(centroids=np.full((24, 128), 7, np.float16)),
        arrays(faces=np.ones(24, np.int64)),
    ],
)
def test_an_invalid_file_is_named(tmp_path: Path, content: dict[str, Any]) -> None:
    np.savez(tmp_path / "bad.npz", **content)
    with pytest.raises(OperatorError, match=r"bad\.npz is not a cohort; create one with openfrs eval cohort"):
        load_cohort_file(tmp_path / "bad.npz")


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04 cut", b"\x93NUMPY\x01\x00"])
def test_other_files_are_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.npz").write_bytes(data)
    with pytest.raises(OperatorError, match=r"bad\.npz is not a cohort"):
        load_cohort_file(tmp_path / "bad.npz")


def test_a_single_array_is_no_cohort(tmp_path: Path) -> None:
    with (tmp_path / "bad.npz").open("wb") as stream:
        np.save(stream, COHORT.centroids)
    with pytest.raises(OperatorError, match=r"bad\.npz is not a cohort"):
        load_cohort_file(tmp_path / "bad.npz")


def test_a_missing_or_unwritable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"missing\.npz: No such file"):
        load_cohort_file(tmp_path / "missing.npz")
    with pytest.raises(OperatorError, match="cannot write"):
        COHORT.save(tmp_path / "missing" / "cohort.npz")
