"""What a measurement yields, and how it is taken and shown."""

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
    """One measured number; ``goal`` is the most it may be, or with ``at_least`` the least."""

    case: str
    measure: str
    value: float
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def percentiles(
    case: str, times: Sequence[float], *, p50: float | None = None, p99: float | None = None
) -> Iterator[Figure]:
    """The 50th and 99th percentile of durations in milliseconds, with their goals."""
    yield Figure(case, "p50 ms", float(np.percentile(times, 50)), p50)
    yield Figure(case, "p99 ms", float(np.percentile(times, 99)), p99)


def elapsed(work: Callable[[], object]) -> float:
    """Milliseconds that one run takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def timed(work: Callable[[], object], seconds: float) -> list[float]:
    """Milliseconds of each run, after a few that warm up."""
    for _ in range(3):
        work()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while not times or time.perf_counter() < until:
        times.append(elapsed(work))
    return times


def resident(process: int) -> float:
    """Megabytes of memory that a process has, shared ones among them."""
    return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def shown(figures: Iterable[Figure]) -> list[Figure]:
    """All of them, each printed when it is there: some take minutes."""
    console, taken = Console(), []
    for each in figures:
        console.print(f"{each.case}: {each.measure} {each.value:,.2f}", highlight=False, soft_wrap=True)
        taken.append(each)
    return taken


def table(title: str, figures: Iterable[Figure]) -> Table:
    """Figures with their goals beside them."""
    shown = Table("case", "measure", "value", "goal", "met", title=title)
    for each in figures:
        goal = "" if each.goal is None else f"{'>=' if each.at_least else '<='} {each.goal:,g}"
        met = {None: "", True: "yes", False: "no"}[each.met]
        shown.add_row(each.case, each.measure, f"{each.value:,.2f}", goal, met)
    return shown
