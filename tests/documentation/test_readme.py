"""The README's example and tables are current."""

import re
from pathlib import Path

import pytest

from openfrs.evaluation.metrics.liveness import LivenessResult
from openfrs.evaluation.report.publication import BLOCK, blocks, fill_page, read_figures
from openfrs.recognition.similarity import calibration
from openfrs.vision.attributes.classifiers import metrics
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.manifest import manifest
from tests.support.readme import README, sdk_example_prints
from tests.support.servers import REPOSITORY, RunningServer


@pytest.mark.models
def test_the_sdk_example_finds_the_person(real_server: RunningServer, weights: WeightCache, tmp_path: Path) -> None:
    printed = sdk_example_prints(real_server, weights.samples, tmp_path)
    assert re.fullmatch(r"\[\('anna', 0\.9[3-9]\d*\)\]\n", printed)


def test_the_weights_table_is_the_manifest() -> None:
    for weight in manifest().weights.values():
        artefact = manifest().artefacts[weight.artefact]
        assert f"{artefact.package} {artefact.version} | {weight.licence} |" in README


def test_the_accuracy_tables_are_the_calibration() -> None:
    page = (REPOSITORY / "docs" / "accuracy.md").read_text("utf-8")
    points = calibration("sface").operating_points
    rates = {point.similarity: f"{point.false_match_rate:.1e} | {point.true_match_rate:.2%} |" for point in points}
    for point in points:
        assert f"| {point.similarity:.2f} | {point.cosine:.3f} | {rates[point.similarity]}" in page
    for similarity in (0.85, 0.93, 0.96):
        assert f"| {similarity:.2f} | {rates[similarity]}" in README


def test_the_accuracy_tables_are_the_published_figures() -> None:
    figures = read_figures(REPOSITORY / "docs" / "accuracy.json")
    texts = blocks(figures, calibration("sface"))
    shown = set()
    for page in (REPOSITORY / "README.md", REPOSITORY / "docs" / "accuracy.md"):
        text = page.read_text("utf-8")
        assert fill_page(text, texts) == text, f"{page.name} is out of date: run scripts/publish_accuracy.py"
        shown |= {block[2] for block in BLOCK.finditer(text)}
    assert shown == {*texts}


def test_the_share_of_telephones_that_pass_is_the_published_figure() -> None:
    figures = read_figures(REPOSITORY / "docs" / "accuracy.json")["liveness-left-out"]
    assert isinstance(figures, LivenessResult)
    (passed,) = (each.passed.rate for each in figures.kinds if each.kind == "phone")
    assert round(1 / passed) == 12
    assert "one phone screen in twelve passes" in README


def test_the_figures_of_the_occlusion_classifier_are_those_of_its_file() -> None:
    page = (REPOSITORY / "docs" / "accuracy.md").read_text("utf-8")
    assert f"correlation {metrics('occlusion')['correlation_with_share']} on" in page
    assert f"{100 * metrics('occlusion')['real_masks_above_0.3']:.1f} % of" in page
