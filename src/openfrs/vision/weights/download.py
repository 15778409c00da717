"""Download artefacts by name and version with pip and npm, and check their hashes.

Because the package clients download them, an operator's package configuration (a mirror, a proxy, a ``--find-links`` directory)
applies to weights too. Nothing is installed, dependencies are not resolved, and package scripts are not run.
"""

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from openfrs.core.errors import OperatorError

from .manifest import Artefact

BUNDLE: Final = ".task"
"""Suffix of a MediaPipe bundle of models, which is a zip archive."""

Progress = Callable[[int, int], None]
"""Called with the number of downloaded bytes and the total."""


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def download(artefact: Artefact, progress: Progress) -> Iterator[Path]:
    """Download and check the file of an artefact; delete it when the context exits.

    Raises:
        OperatorError: the file cannot be fetched, or its hash differs.
    """
    with tempfile.TemporaryDirectory(prefix="openfrs-") as folder:
        fetch = {"pypi": _pip_download, "npm": _npm_pack}[artefact.registry]
        yield fetch(artefact, Path(folder), progress)


def _pip_download(artefact: Artefact, folder: Path, progress: Progress) -> Path:
    requirement = f"{artefact.package}=={artefact.version}"
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{requirement} --hash=sha256:{artefact.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--disable-pip-version-check"]
    command += ["--progress-bar", "raw", "--dest", str(folder), "--requirement", str(requirements)]
    command += ["--no-binary" if artefact.filename.endswith(".tar.gz") else "--only-binary", ":all:"]
    output = _run(command, progress)
    path = folder / artefact.filename
    if not path.is_file():
        reason = next(
            (line for line in reversed(output) if line.startswith("ERROR")), f"pip did not download {artefact.filename}"
        )
        raise OperatorError(f"cannot fetch {requirement}: {reason}")
    return path


def _npm_pack(artefact: Artefact, folder: Path, progress: Progress) -> Path:
    """Download with npm, which reports no progress: one step is reported at the end."""
    package = f"{artefact.package}@{artefact.version}"
    npm = shutil.which("npm")
    if npm is None:
        raise OperatorError(
            f'cannot fetch {package}: npm is not installed; run "npm pack {package}" on another machine, '
            f"copy {artefact.filename} here and run: openfrs models import {artefact.filename}"
        )
    output = _run([npm, "pack", package, "--ignore-scripts", "--pack-destination", str(folder)], progress)
    path = folder / artefact.filename
    if not path.is_file():
        reason = next(
            (line for line in output if line.startswith(("npm error", "npm ERR!"))),
            f"npm did not download {artefact.filename}",
        )
        raise OperatorError(f"cannot fetch {package}: {reason}")
    if (digest := sha256_of(path)) != artefact.sha256:
        raise OperatorError(
            f"cannot fetch {package}: its SHA-256 is {digest}, but the manifest states {artefact.sha256}"
        )
    size = path.stat().st_size
    progress(size, size)
    return path


def _run(command: list[str], progress: Progress) -> list[str]:
    """Run a package client, report pip's progress, and return the other output lines."""
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            match line.split():
                case ["Progress", done, "of", total]:
                    progress(int(done), int(total))
                case _:
                    lines.append(line.strip())
    return lines


def read_members(path: Path) -> dict[str, bytes]:
    """Read the files inside a wheel, source archive or npm package, by name without the top directory of the latter two.

    The files of a MediaPipe bundle, an archive inside it, have names such as ``models/face.task/face.tflite``.

    Raises:
        OperatorError: the file is not one of these archives.
    """
    if zipfile.is_zipfile(path):
        members = _zip_members(path)
        bundles = {name: data for name, data in members.items() if name.endswith(BUNDLE)}
        for bundle, data in bundles.items():
            members |= {f"{bundle}/{name}": each for name, each in _zip_members(io.BytesIO(data)).items()}
        return members
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            files = ((member.name, archive.extractfile(member)) for member in archive if member.isfile())
            return {name.partition("/")[2]: file.read() for name, file in files if file is not None}
    raise OperatorError(f"{path} is not a wheel, a source archive or an npm package")


def _zip_members(file: Path | BinaryIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
