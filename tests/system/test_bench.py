"""The benchmarks run, and the capacity page shows the published figures."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openfrs.cli.main import app
from openfrs.core.settings import Settings
from openfrs.evaluation.benchmark import gallery, requests
from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import REPOSITORY


def test_the_gallery_benchmark_measures_every_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "_ROUNDS", 1)
    file = tmp_path / "figures.json"
    command = ["bench", "--gallery", "--seconds", "0.13", "--faces", "200", "--json", str(file)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    measured = json.loads(file.read_text("utf-8"))
    published = json.loads((REPOSITORY / "docs" / "capacity.json").read_text("utf-8"))
    assert {title: len(figures) for title, figures in measured.items()} == {
        title: len(figures) for title, figures in published.items()
    }
    assert all(figure["value"] >= 0 and figure["met"] is None for figures in measured.values() for figure in figures)
    assert "durable" in result.output


def test_the_capacity_page_shows_the_published_figures() -> None:
    page = (REPOSITORY / "docs" / "capacity.md").read_text("utf-8")
    published = json.loads((REPOSITORY / "docs" / "capacity.json").read_text("utf-8"))
    for figures in published.values():
        for figure in figures:
            row = next(
                line for line in page.splitlines() if line.startswith(f"| {figure['case']} | {figure['measure']} |")
            )
            assert f"| {figure['value']:,.2f} |" in row


@pytest.mark.models
def test_requests_are_compared_with_direct_calls(weights: WeightCache) -> None:
    figures = list(requests.measure(Settings(models=weights.directory), weights, 0.5, 1000))
    measures = [figure.measure for figure in figures]
    for measure in (
        "s to first response",
        "p50 ms",
        "ratio to the bare work",
        "ms more than the bare work",
        "resident MB",
    ):
        assert measure in measures
    assert len(figures) == 11
    assert all(figure.value > 0 for figure in figures if figure.measure != "ms more than the bare work")
