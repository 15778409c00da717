"""Imports of images that are killed, and with the real models."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from openfrs.core.settings import Settings
from openfrs.faces.imports.images import ImportOptions
from openfrs.faces.imports.report import Line
from openfrs.operations.maintenance.face_sets import list_face_sets
from openfrs.operations.transfer.images import Importing, import_images
from openfrs.operations.transfer.sources import Naming, folder_items
from openfrs.operations.transfer.tables import mapped_items
from openfrs.vision.weights.cache import WeightCache
from tests.support.data_directories import enrolled, new_data, write_images
from tests.support.fake_models import FakePipeline, load
from tests.support.servers import REPOSITORY
from tests.support.waiting import pause


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return new_data(tmp_path / "data", "s")


def run(
    data: Path,
    source: Path,
    naming: Naming = Naming.FOLDER,
    *,
    single: bool = True,
    dry: bool = False,
    name: str = "s",
) -> dict[str, Line]:
    """The report of an import by file."""
    items = folder_items(source, naming) if source.is_dir() else mapped_items(source)
    lines: list[Line] = []
    job = Importing(name, options=ImportOptions(single=single, dry=dry))
    tally = import_images(Settings(data=data), items, job, lines.append, load_pipeline=load)
    assert tally.outcomes == Counter(line.outcome for line in lines)
    assert tally.faces == sum(line.faces for line in lines)
    return {line.file: line for line in lines}


def test_a_killed_import_resumes_and_enrols_every_image_once(data: Path, tmp_path: Path) -> None:
    """Each run is killed with ``kill -9``, a little later than the one before."""
    folder = tmp_path / "many"
    write_images(folder, 60)
    rng, kills = random.Random(1), 0
    command = [sys.executable, "-m", "tests.system.test_import_images", str(data), str(folder)]
    while True:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True)
        assert process.stdout is not None
        added, enough = 0, rng.randrange(3, 20)
        for outcome in process.stdout:
            added += outcome == "added\n"
            if added == enough:
                pause(rng.uniform(0, 0.02))
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
        process.stdout.close()
        if process.wait() == 0:
            break
    assert kills >= 3
    assert Counter(image for _, _, image, _ in enrolled(data)) == {f"person{number}": 1 for number in range(60)}


@pytest.mark.models
def test_the_command_imports_with_the_real_models(weights: WeightCache, tmp_path: Path) -> None:
    data, report = new_data(tmp_path / "data"), tmp_path / "report.jsonl"
    environment = {**os.environ, "OPENFRS_DATA": str(data)}
    command = [sys.executable, "-m", "openfrs", "import", "people", str(weights.samples), "--create"]
    for outcome, options in (("added", ["--dry-run"]), ("added", []), ("present", [])):
        result = subprocess.run(
            [*command, "--report", str(report), *options], env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
        assert Counter(line["outcome"] for line in lines)[outcome] > 0, result.stdout
        assert bool(list_face_sets(Settings(data=data), None)) is ("--dry-run" not in options)
    assert len(enrolled(data)) == sum(line["outcome"] == "present" for line in lines)
    assert f"{len(enrolled(data))} images already present" in result.stdout


class _SlowPipeline(FakePipeline):
    """Slow enough to be killed during an import."""

    def embed(self, *arguments):  # type: ignore[no-untyped-def]
        pause(0.01)
        return super().embed(*arguments)


if __name__ == "__main__":
    import_images(
        Settings(data=Path(sys.argv[1])),
        folder_items(Path(sys.argv[2]), Naming.FOLDER),
        Importing("s"),
        lambda line: print(line.outcome, flush=True),
        load_pipeline=lambda _: _SlowPipeline(),
    )
