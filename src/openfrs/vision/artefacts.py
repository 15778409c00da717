"""Fetching artefacts: by name and version, with pip's own download command, checked by hash.

Going through pip means that whatever an operator has set up for packages (a mirror, a proxy, a ``--find-links`` directory)
works for weights too. Nothing is installed and no dependency is followed.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import OperatorError
from .manifest import Artefact

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def downloaded(artefact: Artefact, progress: Progress) -> Iterator[Path]:
    """The artefact's file, fetched and checked; it is deleted when the block ends."""
    requirement = f"{artefact.package}=={artefact.version}"
    with tempfile.TemporaryDirectory(prefix="openfrs-") as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(f"{requirement} --hash=sha256:{artefact.sha256}\n", encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--require-hashes",
            "--disable-pip-version-check",
        ]
        command += ["--progress-bar", "raw", "--dest", folder, "--requirement", str(requirements)]
        command += ["--no-binary" if artefact.filename.endswith(".tar.gz") else "--only-binary", ":all:"]
        output = _run(command, progress)
        path = Path(folder, artefact.filename)
        if not path.is_file():
            reason = next((line for line in reversed(output) if line.startswith("ERROR")), "pip brought no such file")
            raise OperatorError(f"cannot fetch {requirement}: {reason}")
        yield path


def _run(command: list[str], progress: Progress) -> list[str]:
    """Run pip, reporting its progress; returns the lines it printed."""
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


def members(path: Path) -> dict[str, bytes]:
    """The files inside a wheel or source archive, by name; the top folder of a source archive is left off.

    Raises:
        OperatorError: the file is no such archive.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            files = ((member.name, archive.extractfile(member)) for member in archive if member.isfile())
            return {name.partition("/")[2]: file.read() for name, file in files if file is not None}
    raise OperatorError(f"{path} is neither a wheel nor a source archive")
