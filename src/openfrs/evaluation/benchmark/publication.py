"""Figures of benchmarks in pages: tables and charts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from openfrs.evaluation.metrics.results import Chart

from .figures import Figure

Results = Mapping[str, Sequence[Figure]]
"""Figures by title."""

MACHINE: Final = "machine"
STAGES: Final = "images"
REQUESTS: Final = "requests"
SCAN: Final = "exact scan, one thread"
GALLERIES: Final = "galleries"
SEARCH_BY_SIZE: Final = "search by size of the set, 128-d, top 10"
PEERS: Final = "other software"
SHARING: Final = "sharing"
"""Titles of the figures of ``openfrs bench``, ``benchmarks/peers.py`` and ``benchmarks/scale.py``."""

BY_CLIENTS: Final = "search by photo, by clients: "
"""Start of the cases whose number of clients varies."""

BOUND: Final = "all cores' plain work, searches by photo"

_PUBLISHED: Final = (MACHINE, STAGES, REQUESTS, SCAN, SEARCH_BY_SIZE, PEERS, SHARING)
"""Titles on the performance page; the capacity page has the others."""

_WITH_GOALS: Final = (REQUESTS, SCAN, PEERS, SHARING)


def published(results: Results) -> dict[str, Sequence[Figure]]:
    """Return the figures of the performance page."""
    return {title: results[title] for title in _PUBLISHED if title in results}


def markdown_table(figures: Sequence[Figure]) -> str:
    """Return a table of figures and their goals."""
    lines = ["| case | measure | value | goal | met |", "| --- | --- | --- | --- | --- |"]
    for each in figures:
        goal = "" if each.goal is None else f"{'at least' if each.at_least else 'at most'} {each.goal:,g}"
        met = {None: each.note, True: "yes", False: "no"}[each.met]
        lines.append(f"| {each.case} | {each.measure} | {each.formatted_value} | {goal} | {met} |")
    return "\n".join(lines)


def blocks(results: Results) -> dict[str, str]:
    """Return the text of every block of the performance page by name."""
    goals = [each for title in _WITH_GOALS for each in results.get(title, ()) if each.goal is not None]
    return {
        "performance-machine": "".join(f"{each.value:g} cores of {each.case}\n" for each in results.get(MACHINE, ())),
        "performance-goals": markdown_table(goals) + "\n",
        "performance-stages": _values(results.get(STAGES, ())),
        "performance-charts": "".join(f"![{chart.title}](performance-{chart.name}.svg)\n" for chart in charts(results)),
    }


def charts(results: Results) -> Iterator[Chart]:
    """Yield the charts that the figures suffice for."""
    by_clients = [each for each in results.get(REQUESTS, ()) if each.case.startswith(BY_CLIENTS)]
    rates = [(float(each.case.removeprefix(BY_CLIENTS)), each.value) for each in by_clients if each.value is not None]
    if rates:
        series = [("OpenFRS", rates)]
        bounds = [each.value for each in results[REQUESTS] if each.case == BOUND and each.value is not None]
        series += [("the plain work on all cores", [(rates[0][0], bound), (rates[-1][0], bound)]) for bound in bounds]
        title = "Searches by photo per second, by number of clients"
        yield Chart("throughput", title, "clients", "searches per second", series)
    if SEARCH_BY_SIZE in results:
        yield search_chart(results[SEARCH_BY_SIZE])


def search_chart(figures: Sequence[Figure]) -> Chart:
    """Return the chart of search times by the size of the face set."""
    series = [
        (
            measure.removesuffix(" ms"),
            [
                (float(each.case.split()[0].replace(",", "")), each.value)
                for each in figures
                if each.measure == measure and each.value is not None
            ],
        )
        for measure in ("p50 ms", "p99 ms")
    ]
    title = "Search by face id, top 10, 128 dimensions, one thread, by faces in the set"
    return Chart("search", title, "faces", "ms", series, x_scale="log", y_scale="log")


def _values(figures: Sequence[Figure]) -> str:
    lines = ["| case | measure | value |", "| --- | --- | --- |"]
    lines += [f"| {each.case} | {each.measure} | {each.formatted_value} |" for each in figures]
    return "\n".join(lines) + "\n"
