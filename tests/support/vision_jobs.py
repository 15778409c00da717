"""Jobs for tests of vision processes. Files are the signals between a job and its test."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from openfrs.core.checkpoints import checkpoint
from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.stages import stage


def process_id(_pipeline: Any) -> int:
    return os.getpid()


def environment(_pipeline: Any) -> str:
    return Path("/proc/self/environ").read_text()


def refuse(_pipeline: Any) -> None:
    raise ServiceError("FRS.0302", "people", headers={"Retry-After": "7"})


def fail(_pipeline: Any) -> None:
    raise ArithmeticError("no numbers")


def crash(_pipeline: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def append_to(_pipeline: Any, file: Path, text: str) -> None:
    with file.open("a") as lines:
        lines.write(text)


def exhaust_memory(_pipeline: Any) -> int:
    return len(bytearray(1 << 40))


def work_until(_pipeline: Any, folder: Path) -> int:
    """Work in pieces until the file ``end`` exists; write ``started`` and, also if stopped, ``ended``. Return the pieces."""
    pieces = 0
    (folder / "started").touch()
    try:
        while not (folder / "end").exists():
            _piece()
            pieces += 1
            checkpoint()
    finally:
        (folder / "ended").touch()
    return pieces


def never_end(_pipeline: Any, folder: Path) -> None:
    """Work without checkpoints."""
    (folder / "started").touch()
    while True:
        pass


def staged(_pipeline: Any, pieces: int) -> None:
    with stage("detect"):
        for _ in range(pieces):
            _piece()
            checkpoint()


def unknown_result(_pipeline: Any) -> Any:
    return Unknown()


class Unknown:
    """A value that a server process does not take from a vision process."""


def _piece() -> None:
    """Take longer than a piece must before a job pauses."""
    end = time.monotonic() + 0.06
    while time.monotonic() < end:
        pass
