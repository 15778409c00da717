"""The benchmarks run, and the capacity page shows the published figures."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openfrs.cli.main import app
from openfrs.core.settings import Settings
from openfrs.evaluation.benchmark import gallery, load, requests
from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import REPOSITORY


def test_the_gallery_benchmark_measures_every_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "_ROUNDS", 1)
    file = tmp_path / "figures.json"
    command = ["bench", "--gallery", "--seconds", "0.13", "--faces", "200", "--json", str(file)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    measured = json.loads(file.read_text("utf-8"))
    published = json.loads((REPOSITORY / "docs" / "reference" / "capacity.json").read_text("utf-8"))
    assert {title: len(figures) for title, figures in measured.items()} == {
        title: len(figures) for title, figures in published.items()
    }
    assert all(figure["value"] >= 0 and figure["met"] is None for figures in measured.values() for figure in figures)
    assert "durable" in result.output


def test_the_capacity_page_shows_the_published_figures() -> None:
    page = (REPOSITORY / "docs" / "reference" / "capacity.md").read_text("utf-8")
    published = json.loads((REPOSITORY / "docs" / "reference" / "capacity.json").read_text("utf-8"))
    for figures in published.values():
        for figure in figures:
            row = next(
                line for line in page.splitlines() if line.startswith(f"| {figure['case']} | {figure['measure']} |")
            )
            assert f"| {figure['value']:,.2f} |" in row


@pytest.mark.models
def test_requests_are_compared_with_direct_calls(weights: WeightCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_ROUNDS", 1)
    monkeypatch.setattr(requests, "_STARTS", 1)
    monkeypatch.setattr(requests, "_MIN_LOAD_SECONDS", 1)
    monkeypatch.setattr(requests, "CLIENT_COUNTS", (1,))
    settings = Settings(models=weights.directory)
    figures = {(each.case, each.measure): each for each in requests.measure(settings, weights, 0.5, 1000)}
    measures = {measure for _, measure in figures}
    assert {"s", "MB"} <= measures
    if not load.is_available():
        assert figures["requests", "all measurements"].note == load.MISSING
        return
    assert len(figures) == 17
    goals = {each.goal for each in figures.values()}
    assert goals >= {1.10, 1.12, 0.88, 0.85, 3.0, 0.5, 2.0, 400.0}
    possibly_negative = {"ms beyond the plain work", "cores"}
    assert all(each.value and each.value > 0 for each in figures.values() if each.measure not in possibly_negative)


@pytest.mark.models
def test_without_the_load_generator_its_rows_are_skipped(weights: WeightCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_STARTS", 1)
    monkeypatch.setattr(load, "is_available", lambda: False)
    figures = list(requests.measure(Settings(models=weights.directory), weights, 0.5, 1000))
    (skipped,) = [each for each in figures if each.value is None]
    assert "apt-get install wrk" in skipped.note
    assert figures[-1].measure == "MB"
