"""Folders of images and fake models for evaluations."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from openfrs.cli import eval as eval_commands
from openfrs.cli import main
from openfrs.recognition.scale import Scale, load_scale
from openfrs.vision.weights.custom_embedder import CustomEmbedder
from tests.support.cohorts import make_scale
from tests.support.evaluation_data import PEOPLE, SEVERAL, CountingPipeline, Eval
from tests.support.fake_models import photo


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> CountingPipeline:
    """The models of every command of the test. No cohort normalises their scores: those included are of real embeddings."""
    counting = CountingPipeline()
    monkeypatch.setattr(eval_commands, "load_pipeline", lambda _: counting)
    monkeypatch.setattr(eval_commands, "load_scale", _without_cohort)
    return counting


def _without_cohort(embedder: str | CustomEmbedder) -> Scale:
    load_scale(embedder)  # fails for an unknown embedder
    return make_scale(None)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """One folder per person; the images of a person differ in size."""
    for name, colour in PEOPLE.items():
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for number in range(SEVERAL.get(name, 1)):
            (folder / f"{number}.png").write_bytes(photo(colour, side=200 + 10 * number))
    return tmp_path / "images"


@pytest.fixture
def openfrs_eval(tmp_path: Path, pipeline: CountingPipeline) -> Eval:
    """Runs ``openfrs eval`` with a report in the test's directory."""

    def run(*arguments: object, report: bool = True) -> Result:
        command = ["eval", *map(str, arguments), *(["--report", str(tmp_path / "report")] if report else [])]
        return CliRunner().invoke(main.app, command)

    return run
