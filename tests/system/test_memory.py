"""Freed memory goes back to the operating system."""

import ctypes
import subprocess
import sys

import pytest


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps freed memory")
def test_freed_memory_is_returned_to_the_system() -> None:
    program = """
import os, time
from openfrs.evaluation.benchmark.figures import resident
from openfrs.server.periodic import memory_trimming

pieces = [bytes(1000) for _ in range(200_000)]
last = pieces[-1]  # keeps the end of the heap in use
del pieces
before = resident(os.getpid())
with memory_trimming():
    deadline = time.monotonic() + 60
    while resident(os.getpid()) > before - 100 and time.monotonic() < deadline:
        time.sleep(0.01)
print(before - resident(os.getpid()) >= 100)
"""
    assert subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True).stdout == "True\n"
