"""Folders of pictures for the evaluation, with models that answer rather than recognise."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from openfrs.cli import eval as eval_commands
from openfrs.cli import main
from openfrs.vision.types import Detection, Image
from tests.support.fake_models import FakePipeline, photo

PEOPLE = {
    "anna": (200, 40, 40),
    "bert": (40, 200, 40),
    "cleo": (40, 40, 200),
    "dora": (200, 200, 40),
    "emil": (40, 200, 200),
}
SEVERAL = {"anna": 3, "bert": 2}

Eval = Callable[..., Result]


class CountingPipeline(FakePipeline):
    """Counts the pictures it looks at, and fails from the one on that it is told to."""

    def __init__(self) -> None:
        self.seen = 0
        self.fails_at = 0

    def detect(self, image: Image) -> list[Detection]:
        self.seen += 1
        if self.seen == self.fails_at:
            raise KeyboardInterrupt
        return super().detect(image)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> CountingPipeline:
    """The models of every command of the test."""
    made = CountingPipeline()
    monkeypatch.setattr(eval_commands, "load_pipeline", lambda _: made)
    return made


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """One folder a person; the pictures of one person differ by their size."""
    for name, colour in PEOPLE.items():
        folder = tmp_path / "pictures" / name
        folder.mkdir(parents=True)
        for number in range(SEVERAL.get(name, 1)):
            (folder / f"{number}.png").write_bytes(photo(colour, side=200 + 10 * number))
    return tmp_path / "pictures"


@pytest.fixture
def openfrs_eval(tmp_path: Path, pipeline: CountingPipeline) -> Eval:
    """Runs ``openfrs eval`` with a report in the test's directory."""

    def run(*arguments: object, report: bool = True) -> Result:
        command = ["eval", *map(str, arguments), *(["--report", str(tmp_path / "report")] if report else [])]
        return CliRunner().invoke(main.app, command)

    return run
