"""Clients in processes of their own: each reads a call in JSON from a line of its input and writes the result on a line."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.servers import RunningServer


class Driver:
    """A running driver."""

    def __init__(self, process: "subprocess.Popen[str]", errors: Path) -> None:
        self._process = process
        self._errors = errors

    def write(self, value: Mapping[str, Any]) -> None:
        """Write one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()

    def call(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Write one call and return its result. Lines that are not results are the client's log."""
        self.write(value)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                result: dict[str, Any] = json.loads(line)
                return result
        raise AssertionError(f"the driver ended: {self._errors.read_text()}")


@contextmanager
def driver(command: list[str], folder: Path, *, cwd: Path | None = None) -> Iterator[Driver]:
    """Start a driver with its log in a folder, and stop it at the end."""
    log = folder / "driver.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=cwd or folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        yield Driver(process, log)
        assert process.stdin is not None
        process.stdin.close()
        process.terminate()


def account(server: RunningServer, **more: Any) -> dict[str, Any]:
    """Return the first line of a driver: the endpoint and the account of a server."""
    return {**server.credentials, "endpoint": server.endpoint, **more}
