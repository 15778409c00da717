"""Figures of benchmarks: measurement and presentation."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; ``goal`` is its upper limit, or its lower limit with ``at_least``.

    ``value`` is None if it was not measured; ``note`` then says why. ``rounds`` are the values whose median it is, if any.
    """

    case: str
    measure: str
    value: float | None
    goal: float | None = None
    at_least: bool = False
    rounds: tuple[float, ...] = ()
    note: str = ""

    @classmethod
    def of_rounds(
        cls, case: str, measure: str, rounds: Iterable[float], goal: float | None = None, *, at_least: bool = False
    ) -> Self:
        """Return the median of the values of several rounds."""
        values = tuple(map(float, rounds))
        return cls(case, measure, float(np.median(values)), goal, at_least, values)

    @property
    def met(self) -> bool | None:
        """True if the goal is met; None without a goal or a value."""
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def formatted_value(self) -> str:
        """The value, with the least and the greatest of its rounds."""
        if self.value is None:
            return "skipped"
        spread = f" ({min(self.rounds):,.2f} to {max(self.rounds):,.2f})" if len(self.rounds) > 1 else ""
        return f"{self.value:,.2f}{spread}"

    @property
    def formatted_goal(self) -> str:
        """The limit and its direction; empty without a goal."""
        return "" if self.goal is None else f"{'>=' if self.at_least else '<='} {self.goal:,g}"


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
        console.print(f"{each.case}: {each.measure} {each.formatted_value}", highlight=False, soft_wrap=True)
        printed.append(each)
    return printed


def table(title: str, figures: Iterable[Figure]) -> Table:
    """Return a table of figures and their goals."""
    rows = Table("case", "measure", "value", "goal", "met", title=title)
    for each in figures:
        met = {None: each.note, True: "yes", False: "no"}[each.met]
        rows.add_row(each.case, each.measure, each.formatted_value, each.formatted_goal, met)
    return rows


def write_figures(results: Mapping[str, Sequence[Figure]], file: Path) -> None:
    """Write figures by title to a JSON file."""
    rows = {title: [asdict(each) | {"met": each.met} for each in figures] for title, figures in results.items()}
    file.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


def read_figures(file: Path) -> dict[str, list[Figure]]:
    """Read the figures of :func:`write_figures`."""
    return {
        title: [
            Figure(
                row["case"],
                row["measure"],
                row["value"],
                row["goal"],
                row["at_least"],
                tuple(row.get("rounds", ())),
                row.get("note", ""),
            )
            for row in rows
        ]
        for title, rows in json.loads(file.read_text("utf-8")).items()
    }
