"""The machine that a benchmark runs on, and what else it is doing."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from openfrs.vision.runtime.tuning import cpu_model_and_flags

from .figures import Figure
from .process_tree import ProcessTree

CORES: Final = len(os.sched_getaffinity(0))

_EXTENSIONS: Final = {"AVX-512": "avx512f", "bf16": "avx512_bf16"}
"""Instruction sets that the models use, by the name of their flag in ``/proc/cpuinfo``."""


def extensions() -> list[str]:
    """Return the names of the processor's instruction sets that matter to the models."""
    _, flags = cpu_model_and_flags()
    return [name for name, flag in _EXTENSIONS.items() if flag in flags]


def describe() -> Figure:
    """Return the number of cores, with the processor's name and instruction sets."""
    name, _ = cpu_model_and_flags()
    found = extensions()
    missing = [each for each in _EXTENSIONS if each not in found]
    return Figure(f"{name}: {', '.join([*found, *(f'no {each}' for each in missing)])}", "cores", CORES)


class ForeignLoad:
    """Cores that other programs, and other virtual machines of the host, used while this block ran."""

    cores: float = 0.0


@contextmanager
def foreign_load(tree: ProcessTree) -> Iterator[ForeignLoad]:
    """Measure the load of all programs but this process, the children that it has waited for, and a process tree."""
    load, started = ForeignLoad(), time.perf_counter()
    before = _busy_seconds() - _own_seconds() - tree.cpu_seconds()
    yield load
    used = _busy_seconds() - _own_seconds() - tree.cpu_seconds() - before
    load.cores = max(0.0, used / (time.perf_counter() - started))


def _busy_seconds() -> float:
    """Return the processor time of all programs and the time that the host took away."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text("ascii").split(maxsplit=9)[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
