"""A few of the cycles that ``make chaos`` runs by the hundred; a process of its own, because it forks."""

import subprocess
import sys

from tests.support.servers import REPOSITORY


def test_a_killed_writer_loses_nothing_and_leaves_nothing_by_half() -> None:
    command = [sys.executable, "-m", "tests.system.chaos", "--cycles", "10"]
    command += ["--migrations", "8", "--keys", "6"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=250, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "10 times 2 writers killed" in result.stdout
    assert result.stderr == ""
