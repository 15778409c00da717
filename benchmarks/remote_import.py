"""Measure photos per second of processor time: an import on the server's machine, and one over its API.

``python benchmarks/remote_import.py FOLDER`` imports the images of a folder both ways, interleaved. The time of an empty import is
subtracted from the local one, as that of an idle server is from the other: both load the models.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from openfrs.evaluation.benchmark.process_tree import ProcessTree

ROUNDS = 3


def openfrs(*arguments: str) -> float:
    """Run a command and return its processor time in seconds."""
    before = _children()
    result = subprocess.run([sys.executable, "-m", "openfrs", *arguments], capture_output=True, text=True, check=False)
    assert result.returncode in {0, 3}, result.stderr
    return _children() - before


def local(folder: Path, data: Path, empty: Path) -> float:
    """Return the seconds of a local import beyond those of an empty one."""
    options = ["--create", "--data", str(data)]
    return openfrs("import", "photos", str(folder), *options) - openfrs("import", "none", str(empty), *options)


def over_api(folder: Path, data: Path, empty: Path) -> tuple[float, float]:
    """Return the seconds of the server and of the command beyond those of an empty import."""
    command = [sys.executable, "-m", "openfrs", "serve", "--port", "0", "--data", str(data)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    try:
        assert server.stdout is not None
        endpoint = next(line for line in server.stdout if " ready on " in line).split(" ready on ")[1].split()[0]
        options = ["--create", "--server", endpoint, "--key-file", str(data / "credentials.json")]
        tree = ProcessTree(server.pid)
        idle = openfrs("import", "none", str(empty), *options)
        tree.settle()
        before = tree.cpu_seconds()
        client = openfrs("import", "photos", str(folder), *options) - idle
        tree.settle()
        return tree.cpu_seconds() - before, client
    finally:
        server.terminate()
        server.communicate(timeout=60)


def new_data(folder: Path) -> Path:
    """Return a data directory with a first account."""
    command = [sys.executable, "-m", "openfrs", "serve", "--port", "0", "--data", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    assert server.stdout is not None
    next(line for line in server.stdout if " ready on " in line)
    server.terminate()
    server.communicate(timeout=60)
    return folder


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, and print a line for each round."""
    folder = Path(sys.argv[1])
    photos = sum(len(files) for _, _, files in os.walk(folder))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "empty").mkdir()
        for number in range(ROUNDS):
            here = local(folder, new_data(work / f"local{number}"), work / "empty")
            server, client = over_api(folder, new_data(work / f"api{number}"), work / "empty")
            figures = {"photos": photos, "local": here, "server": server, "command": client}
            figures["local photos/s"] = photos / here
            figures["API photos/s"] = photos / (server + client)
            print(json.dumps({key: round(value, 2) for key, value in figures.items()}), flush=True)


if __name__ == "__main__":
    main()
