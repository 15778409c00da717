"""The ``openfrs`` command, run as a program."""

import os
import subprocess
import sys


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "openfrs", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}, check=False
    )


def refused(result: "subprocess.CompletedProcess[str]") -> str:
    """Return the single line of a command that failed."""
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    return line
