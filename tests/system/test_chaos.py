"""A short run of ``make chaos``, in a separate process because it forks."""

import subprocess
import sys

from tests.support.servers import REPOSITORY


def test_killed_writers_lose_nothing_and_leave_no_partial_writes() -> None:
    command = [sys.executable, "-m", "tests.system.chaos", "--cycles", "10"]
    command += ["--migrations", "8", "--keys", "6"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=250, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "10 times 2 writers killed" in result.stdout
    assert result.stderr == ""
