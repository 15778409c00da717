"""The suite with a data directory and a predictor of attributes."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from openfrs.evaluation.datasets.folders import attribute_sets, liveness_set
from openfrs.evaluation.report.report import Report
from openfrs.evaluation.runner import Runner
from openfrs.evaluation.suite import evaluate_suite, padded
from tests.support.cohorts import make_scale
from tests.support.evaluation_data import PEOPLE, RednessPredictor, write_data_directory
from tests.support.fake_models import FakePipeline, photo


def test_available_data_sets_are_measured(tmp_path: Path) -> None:
    data = write_data_directory(tmp_path / "data")
    report = Report(tmp_path / "report", with_plots=False, console=Console(quiet=True))
    with Runner.open(FakePipeline(), tmp_path / "report", 2) as runner:
        evaluate_suite(runner, report, data, make_scale(None), RednessPredictor())
    results = {path.stem: json.loads(path.read_bytes()) for path in (tmp_path / "report").glob("*.json")}
    assert set(results) == {"attribute-age", "attribute-gender", "attribute-gender-adults", "liveness"}
    assert results["attribute-age"]["error"]["mean"] < 1
    assert results["attribute-gender"]["predictions"] == ["female", "male", "unknown"]
    assert results["attribute-gender"]["recalls"][0]["rate"] == 1
    assert results["liveness"]["equal_error_rate"] == 0
    assert results["liveness"]["people"] == 2
    assert results["liveness"]["kinds"][0]["clips"]["trials"] == 2


def test_a_single_part_is_measured(tmp_path: Path) -> None:
    data = write_data_directory(tmp_path / "data")
    folder = data / "lfw-dev" / "images" / "anna"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(photo(PEOPLE["anna"]))
    report = Report(tmp_path / "report", with_plots=False, console=Console(quiet=True))
    with Runner.open(FakePipeline(), tmp_path / "report", 2) as runner:
        evaluate_suite(runner, report, data, make_scale(None), RednessPredictor(), ["damage"])
    assert [path.stem for path in (tmp_path / "report").glob("*.json")] == ["quality-damage"]


def test_data_sets_are_found_by_their_labels(tmp_path: Path) -> None:
    data = write_data_directory(tmp_path)
    assert [each.attribute for each in attribute_sets(data)] == ["age", "adult", "gender", "gender", "glasses"]
    spoofs = liveness_set(data)
    assert spoofs is not None
    assert len(spoofs.items) == len(spoofs.people) == len(spoofs.clips) == 2 * len(PEOPLE)
    assert liveness_set(tmp_path / "nothing") is None
    assert not list(attribute_sets(tmp_path / "nothing"))


def test_all_sets_of_the_labelled_images_are_found(shared_data: Path) -> None:
    sets = {each.attribute: each for each in attribute_sets(shared_data)}
    assert set(sets) == {"age", "adult", "gender", "expression", "glasses", "mask", "pose", "quality-pose"}
    assert set(dict.fromkeys(truth for _, truth in sets["pose"].items)) == {"frontal", "left", "right", "up", "down"}
    spoofs = liveness_set(shared_data)
    assert spoofs is not None
    for items in [each.items for each in sets.values()] + [spoofs.items]:
        assert all(path.is_file() for path, _ in items)
        assert len({truth for _, truth in items}) > 1


def test_a_live_face_beside_a_screen_is_not_an_attack(shared_data: Path) -> None:
    spoofs = liveness_set(shared_data)
    assert spoofs is not None
    counts = Counter(kind for _, kind in spoofs.items)
    assert counts == {"": 384, "print": 203, "phone": 109, "monitor": 68}
    assert all(
        len({kind for (_, kind), at in zip(spoofs.items, spoofs.clips, strict=True) if at == clip}) == 1
        for clip in set(spoofs.clips)
    )


def test_padding_replicates_the_edge() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    wide = padded(image, 0.5)
    assert wide.shape == (4, 4, 3)
    assert (wide[0, 0] == image[0, 0]).all()
    assert padded(image, 0) is image


def test_other_embedders_are_verified_under_their_names(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name, colour in PEOPLE.items():
        folder = data / "lfw-dev" / "images" / name
        folder.mkdir(parents=True)
        for number in range(2):
            (folder / f"{number}.png").write_bytes(photo(colour, side=200 + 10 * number))
    rows = ["a,b,same"]
    for name, stranger in zip(PEOPLE, [*list(PEOPLE)[1:], "anna"], strict=True):
        rows += [f"{name}/0.png,{name}/1.png,1", f"{name}/0.png,{stranger}/0.png,0"]
    (data / "lfw-dev" / "pairs.csv").write_text("\n".join(rows))
    report = Report(tmp_path / "report", with_plots=False, console=Console(quiet=True))
    with Runner.open(FakePipeline(), tmp_path / "report", 2) as runner:
        other = FakePipeline()
        other.embedder = "other"
        others = [(replace(runner, pipeline=other, measures={}), make_scale(None))]
        evaluate_suite(runner, report, data, make_scale(None), None, ["embedders"], others)
    results = {path.stem: json.loads(path.read_bytes()) for path in (tmp_path / "report").glob("*.json")}
    assert set(results) == {"verification-all-pairs-other", "verification-pairs-other"}
    assert results["verification-pairs-other"]["models"].startswith("embedder other")
    assert results["verification-pairs-other"]["best"]["rate"] == 1
