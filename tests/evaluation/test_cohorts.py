"""Cohorts made from the photographs of a recipe."""

import json
from pathlib import Path

import numpy as np
import pytest

from openfrs.core.errors import OperatorError
from openfrs.recognition.cohort import load_cohort_file
from openfrs.recognition.similarity import Calibration
from tests.support.evaluation_data import CountingPipeline, Eval
from tests.support.fake_models import photo

RECIPE = """
data = "squares"
centroids = 40
neighbours = 2
weight = 0.3
weights = {other = 0.9}

[[sets]]
images = "people"
damages = ["none", "dark"]
single = true
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    levels = range(56, 256, 20)
    for number, colour in enumerate((red, green, blue) for red in levels for green in levels for blue in levels):
        folder = tmp_path / "people" / str(number // 2 if number < 400 else number)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(photo(colour, side=100))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path


def test_a_cohort_and_its_calibration(openfrs_eval: Eval, data: Path, pipeline: CountingPipeline) -> None:
    file = data / "sface.cohort.npz"
    process = openfrs_eval("cohort", data, "--recipe", data / "recipe.toml", "--output", file)
    assert process.exit_code == 0, process.output
    cohort = load_cohort_file(file)
    assert (cohort.embedder, cohort.neighbours, cohort.weight) == (pipeline.embedder, 2, 0.3)
    assert cohort.centroids.dtype == np.float16
    assert cohort.faces.min() >= 8
    assert cohort.data.startswith("squares: ")
    process = openfrs_eval("calibrate", data / "people", "--cohort", file, "--output", data / "scale.json")
    assert process.exit_code == 0, process.output
    scale = Calibration.model_validate(json.loads((data / "scale.json").read_bytes()))
    assert scale.cohort == cohort.identity


def test_too_few_faces_are_no_cohort(openfrs_eval: Eval, tmp_path: Path, images: Path) -> None:
    images.rename(tmp_path / "people")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    error = openfrs_eval(
        "cohort", tmp_path, "--recipe", tmp_path / "recipe.toml", "--output", tmp_path / "a.npz"
    ).exception
    assert isinstance(error, OperatorError)
    assert "do not make a cohort" in str(error)
    assert not (tmp_path / "a.npz").exists()
