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
    """The one line that a refusal must be."""
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    return line
