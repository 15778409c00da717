"""Processor time and memory of a tree of processes."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from openfrs.evaluation.benchmark.process_tree import ProcessTree

USED_SECONDS, USED_MB = 0.3, 64

CHILD = f"""
import sys, time
data = bytearray(b"x") * ({USED_MB} << 20)
while time.process_time() < {USED_SECONDS}:
    pass
print("used", flush=True)
sys.stdin.read()
"""
PARENT = "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', sys.argv[1]]).returncode)"


@pytest.fixture
def parent() -> Iterator["subprocess.Popen[str]"]:
    """A process whose child has used processor time and memory."""
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "used\n"
        yield process
        process.communicate("")
        assert process.returncode == 0


def test_time_and_memory_of_descendants_count(parent: "subprocess.Popen[str]") -> None:
    tree = ProcessTree(parent.pid)
    assert len(tree.pids()) == 2
    assert tree.pids()[0] == parent.pid
    assert tree.cpu_seconds() >= USED_SECONDS
    assert tree.proportional_mb() >= USED_MB
    tree.settle()
    assert ProcessTree(tree.pids()[1]).cpu_seconds() < tree.cpu_seconds()


def test_an_ended_process_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    tree = ProcessTree(process.pid)
    assert tree.cpu_seconds() == tree.proportional_mb() == 0
