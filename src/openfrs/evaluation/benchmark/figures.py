"""Figures of benchmarks: measurement and presentation."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; ``goal`` is its upper limit, or its lower limit with ``at_least``."""

    case: str
    measure: str
    value: float
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """True if the goal is met; None without a goal."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def percentiles(
    case: str, times: Sequence[float], *, p50: float | None = None, p99: float | None = None
) -> Iterator[Figure]:
    """Yield the 50th and 99th percentile of durations in milliseconds, with their goals."""
    yield Figure(case, "p50 ms", float(np.percentile(times, 50)), p50)
    yield Figure(case, "p99 ms", float(np.percentile(times, 99)), p99)


def elapsed(work: Callable[[], object]) -> float:
    """Return the duration of one run in milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def timed(work: Callable[[], object], seconds: float) -> list[float]:
    """Return the duration of each run in milliseconds, after a warm-up of three runs."""
    for _ in range(3):
        work()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times.append(elapsed(work))
    return times


def resident(process: int) -> float:
    """Return the resident memory of a process in megabytes, including shared memory."""
    return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def print_figures(figures: Iterable[Figure]) -> list[Figure]:
    """Print and return figures as they are measured: some take minutes."""
    console, printed = Console(), []
    for each in figures:
        console.print(f"{each.case}: {each.measure} {each.value:,.2f}", highlight=False, soft_wrap=True)
        printed.append(each)
    return printed


def table(title: str, figures: Iterable[Figure]) -> Table:
    """Return a table of figures and their goals."""
    rows = Table("case", "measure", "value", "goal", "met", title=title)
    for each in figures:
        goal = "" if each.goal is None else f"{'>=' if each.at_least else '<='} {each.goal:,g}"
        met = {None: "", True: "yes", False: "no"}[each.met]
        rows.add_row(each.case, each.measure, f"{each.value:,.2f}", goal, met)
    return rows
