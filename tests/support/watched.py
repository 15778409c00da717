"""Programs watched for what leaves the machine: name lookups and connections beyond loopback, and files in the home directory."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .servers import REPOSITORY

_WATCH = """
import os, sys

def watch(event, arguments):
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        address = arguments[:1]
    else:
        return
    if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost", "", None}:
        with open(os.environ["WATCH_LOG"], "a") as log:
            log.write(f"{event} {address[0]} {' '.join(sys.orig_argv)}\\n")

sys.addaudithook(watch)
"""


@dataclass(frozen=True)
class Watch:
    """An environment in which Python programs, and those that they start, record what leaves the machine."""

    folder: Path

    @property
    def home(self) -> Path:
        """The programs' home directory."""
        return self.folder / "home"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment: an operator's, in which nothing suggests automation."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "OPENFRS_", "XDG_"))}
        paths = [str(self.folder / "hook"), str(REPOSITORY / "src"), str(REPOSITORY)]
        return {
            **kept,
            "HOME": str(self.home),
            "WATCH_LOG": str(self.folder / "log"),
            "PYTHONPATH": os.pathsep.join(paths),
        }

    def run(self, program: str, *arguments: str) -> str:
        """Run a program given as text to its end and return its standard output."""
        command = [sys.executable, "-c", program, *arguments]
        result = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def departures(self) -> list[str]:
        """Return what left the machine."""
        log = self.folder / "log"
        return log.read_text("utf-8").splitlines() if log.exists() else []


@contextmanager
def watch(folder: Path) -> Iterator[Watch]:
    """Watch the programs that the block starts; at its end, nothing has left the machine or was put into their home."""
    (folder / "hook").mkdir(parents=True)
    (folder / "hook" / "sitecustomize.py").write_text(_WATCH, "utf-8")
    watched = Watch(folder)
    watched.home.mkdir()
    yield watched
    departures = watched.departures()
    assert not departures, f"left the machine: {departures}"
    files = [path.relative_to(watched.home).as_posix() for path in watched.home.rglob("*") if path.is_file()]
    assert not files, f"written to the home directory: {files}"
