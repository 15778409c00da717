"""The README's example and tables are current."""

import re
import runpy
from pathlib import Path

import pytest

from openfrs.evaluation.metrics.liveness import LivenessResult
from openfrs.evaluation.report.publication import BLOCK, blocks, fill_page, read_figures
from openfrs.recognition.similarity import calibration
from openfrs.vision.attributes.classifiers import metrics
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.manifest import manifest
from tests.support.pages import PAGES
from tests.support.readme import README, quick_start_prints
from tests.support.servers import REPOSITORY, RunningServer


@pytest.mark.models
def test_the_quick_start_finds_the_person(real_server: RunningServer, weights: WeightCache, tmp_path: Path) -> None:
    printed = quick_start_prints(real_server, weights.samples, tmp_path)
    assert re.fullmatch(r"\[\('anna', 0\.9[3-9]\d*\)\]\n", printed)


def test_the_badges_are_those_of_the_package() -> None:
    script = runpy.run_path(str(REPOSITORY / "scripts" / "badges.py"))
    for name, badge in script["package_badges"]().items():
        written = (script["BADGES"] / f"{name}.svg").read_text("utf-8")
        assert re.sub(r"anybadge_\d+", "", written) == re.sub(r"anybadge_\d+", "", badge), "run scripts/badges.py"


def test_the_chinese_page_has_the_same_commands_and_program() -> None:
    chinese = (REPOSITORY / "README.zh.md").read_text("utf-8")
    for language, opening in (("sh", "eval"), ("python", "import")):
        (english,) = re.findall(rf"```{language}\n({opening}.*?)```", README, re.DOTALL)
        (translated,) = re.findall(rf"```{language}\n({opening}.*?)```", chinese, re.DOTALL)
        assert _without_remarks(translated) == _without_remarks(english)
    for link in re.findall(r"\]\(([^)]+)\)", chinese):
        assert (REPOSITORY / link).exists(), link


def _without_remarks(code: str) -> str:
    return re.sub(r"\s+#.*", "", code)


def test_the_first_page_stays_short() -> None:
    assert len(README.splitlines()) <= 110


def test_the_weights_table_is_the_manifest() -> None:
    for weight in manifest().weights.values():
        artefact = manifest().artefacts[weight.artefact]
        assert f"{artefact.package} {artefact.version} | {weight.licence} |" in PAGES["models.md"]


def test_the_accuracy_tables_are_the_calibration() -> None:
    page = (REPOSITORY / "docs" / "reference" / "accuracy.md").read_text("utf-8")
    points = calibration("sface").operating_points
    rates = {point.similarity: f"{point.false_match_rate:.1e} | {point.true_match_rate:.2%} |" for point in points}
    for point in points:
        assert f"| {point.similarity:.2f} | {point.score:.3f} | {rates[point.similarity]}" in page


def test_the_accuracy_tables_are_the_published_figures() -> None:
    figures = read_figures(REPOSITORY / "docs" / "reference" / "accuracy.json")
    texts = blocks(figures, calibration("sface"))
    shown = set()
    for page in runpy.run_path(str(REPOSITORY / "scripts" / "publish_accuracy.py"))["PAGES"]:
        text = page.read_text("utf-8")
        assert fill_page(text, texts) == text, f"{page.name} is out of date: run scripts/publish_accuracy.py"
        shown |= {block[2] for block in BLOCK.finditer(text)}
    assert shown == {*texts}


def test_the_error_rates_of_silent_liveness_are_the_published_figures() -> None:
    results = read_figures(REPOSITORY / "docs" / "reference" / "accuracy.json")

    def measured(name: str) -> LivenessResult:
        result = results[f"liveness-{name}"]
        assert isinstance(result, LivenessResult)
        return result

    def passed(name: str, kind: str) -> float:
        (rate,) = (each.passed.rate for each in measured(name).kinds if each.kind == kind)
        return rate

    text = " ".join(README.split())
    assert "one phone screen in fifty passes before webcams" in text
    assert 1 / passed("webcams", "phone") == pytest.approx(50, rel=0.1)
    assert "one live image in fifteen is rejected" in text
    assert round(1 / measured("webcams").refused.rate) == 15
    assert "one device in six passes" in text
    assert round(1 / passed("diverse", "device")) == 6
    assert "more than a third of the images of a phone held close" in text
    assert 1 / 3 < passed("clips", "phone") < 1 / 2


def test_the_figures_of_the_occlusion_classifier_are_those_of_its_file() -> None:
    page = (REPOSITORY / "docs" / "reference" / "accuracy.md").read_text("utf-8")
    assert f"correlation {metrics('occlusion')['correlation_with_share']} on" in page
    assert f"{100 * metrics('occlusion')['real_masks_above_0.3']:.1f} % of" in page
