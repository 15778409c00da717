"""Published packages: builds are reproducible, and the README's quick start works in an empty environment."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import httpx
import pytest

from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.manifest import manifest
from tests.support.readme import quick_start_prints
from tests.support.servers import REPOSITORY, RunningServer, running

EPOCH = "1767225600"
"""A time that no file has, to prove that a build uses SOURCE_DATE_EPOCH."""

CONSOLE = "openfrs/api/built_console/index.html"

pytestmark = pytest.mark.timeout(900)  # builds and installs, on a slow machine


def copied(folder: Path, *, console: bool) -> Path:
    """Copy the sources of a distribution, with or without the built console of the checkout."""
    targets = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    left_out = ["node_modules", "dist", "__pycache__", *([] if console else ["built"])]
    for name in ("pyproject.toml", *(name.lstrip("/") for name in targets["sdist"]["include"])):
        source, target = REPOSITORY / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(*left_out))
        else:
            shutil.copyfile(source, target)  # without time and mode
    return folder


def distributions(folder: Path, *, zone: str, umask: int) -> dict[str, bytes]:
    """Build, and return the files by name."""
    result = subprocess.run(
        [sys.executable, "-m", "hatchling", "build"],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "TZ": zone},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return {path.name: path.read_bytes() for path in (folder / "dist").iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The wheel and the source distribution, with a newly built console if npm is installed."""
    without_npm = subprocess.run([sys.executable, "hatch_build.py", "needs-node"], cwd=REPOSITORY, check=False)
    folder = copied(tmp_path_factory.mktemp("one"), console=without_npm.returncode == 0)
    return distributions(folder, zone="UTC", umask=0o022)


@pytest.fixture(scope="module")
def wheel(built: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that contains only the wheel."""
    (name,) = (name for name in built if name.endswith(".whl"))
    path = tmp_path_factory.mktemp("wheel") / name
    path.write_bytes(built[name])
    return path


def test_builds_are_reproducible(built: dict[str, bytes], tmp_path: Path) -> None:
    again = distributions(copied(tmp_path / "another place", console=True), zone="Asia/Kolkata", umask=0o077)
    version = metadata.version("openfrs")
    assert sorted(built) == sorted(again) == [f"openfrs-{version}-py3-none-any.whl", f"openfrs-{version}.tar.gz"]
    for name, content in built.items():
        assert content == again[name], f"{name} is another"


def test_a_source_distribution_can_build_the_wheel(built: dict[str, bytes], wheel: Path) -> None:
    (sources,) = (content for name, content in built.items() if name.endswith(".tar.gz"))
    with tarfile.open(fileobj=io.BytesIO(sources)) as archive:
        names = {entry.name.partition("/")[2] for entry in archive}
        assert {entry.mtime for entry in archive} == {int(EPOCH)}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("openfrs/")}
    assert packed <= {name.removeprefix("src/") for name in names}
    assert {"Makefile", "NOTICE", "deploy/openfrs.service", "docs/reference/settings.md"} <= names


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment after `pip install` of the wheel with the locked dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=True)
    locked = (REPOSITORY / "requirements" / "install.txt").read_text("utf-8")
    constraints = folder / "constraints.txt"
    constraints.write_text(
        "".join(f"{line}\n" for line in re.findall(r"^([\w.-]+==[^\\\n]+?) \\$", locked, re.MULTILINE))
    )
    programs = folder / "venv" / "bin"
    command = ["-m", "pip", "install", "--quiet", "--no-compile", "--constraint", str(constraints), str(wheel)]
    result = subprocess.run([programs / "python", *command], capture_output=True, text=True, check=False)
    if "No matching distribution found" in result.stderr or "Temporary failure" in result.stderr:
        pytest.skip(f"the package registry does not answer: {result.stderr.strip().splitlines()[-1]}")
    assert result.returncode == 0, result.stderr
    return programs


@pytest.fixture
def served(installed: Path, weights: WeightCache, tmp_path: Path) -> Iterator[RunningServer]:
    """A server of the installed command, without this environment's settings and modules."""
    data = tmp_path / "data"
    bare = {name: "" for name in os.environ if name.startswith(("OPENFRS_", "PYTHON"))}
    command = ["env", *(f"--unset={name}" for name in bare), str(installed / "openfrs"), "serve", "--port", "0"]
    with running([*command, "--data", str(data), "--models", str(weights.directory)], data) as server:
        yield server


@pytest.mark.models
def test_the_quick_start_works_from_an_empty_environment(
    served: RunningServer, weights: WeightCache, tmp_path: Path, wheel: Path
) -> None:
    assert re.fullmatch(r"\[\('anna', 0\.9[3-9]\d*\)\]\n", quick_start_prints(served, weights.samples, tmp_path))
    with zipfile.ZipFile(wheel) as archive:
        console = CONSOLE in archive.namelist()
    assert httpx.get(f"{served.endpoint}/console").status_code == (200 if console else 404)


def test_the_installed_command_prints_its_version(installed: Path) -> None:
    said = subprocess.run([installed / "openfrs", "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"openfrs {metadata.version('openfrs')}\n"
    listed = subprocess.run(
        [installed / "python", "-m", "pip", "list", "--format=json"], capture_output=True, check=True
    )
    names = {entry["name"] for entry in json.loads(listed.stdout)}
    assert names.isdisjoint({"pytest", "hatchling", "torch", "matplotlib"})


def test_the_notice_names_every_weight_with_its_licence() -> None:
    notice = (REPOSITORY / "NOTICE").read_text("utf-8")
    rows = {row[1]: (row[2].strip(), row[3]) for row in re.finditer(r"^  (\S+)  +(.+?)  +(\S+)$", notice, re.MULTILINE)}
    known = manifest()
    assert {name: row[1] for name, row in rows.items()} == {
        name: weight.licence for name, weight in known.weights.items()
    }
    for name, weight in known.weights.items():
        assert (rows[name][0] == "origin not stated") == (not weight.attributed), name
    assert f"face_recognition {known.artefacts['samples'].version} (MIT)" in notice
