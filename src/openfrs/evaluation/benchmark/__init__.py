"""The benchmarks of ``openfrs bench``."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from openfrs.core import limits
from openfrs.core.settings import Settings
from openfrs.vision.weights.cache import WeightCache

from . import gallery, images, machine, requests, scan
from .figures import Figure, table, write_figures
from .publication import GALLERIES, MACHINE, REQUESTS, SCAN, SEARCH_BY_SIZE, STAGES


def run(settings: Settings, seconds: float, *, gallery_only: bool, faces: int, file: Path | None) -> None:
    """Run all benchmarks, print their figures and goals, and optionally write them to a JSON file.

    ``seconds`` is the time for each case. The goals apply to sets of 100,000 faces.
    """
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    parts: Mapping[str, Iterator[Figure]] = {
        MACHINE: iter(()) if gallery_only else iter([machine.describe()]),
        STAGES: iter(()) if gallery_only else images.measure(settings, weights, seconds),
        REQUESTS: iter(()) if gallery_only else requests.measure(settings, weights, seconds, faces),
        SCAN: iter(()) if gallery_only else scan.measure(seconds, faces),
        GALLERIES: gallery.measure(seconds, faces),
        SEARCH_BY_SIZE: gallery.curve(seconds, faces),
    }
    console, results = Console(), dict[str, list[Figure]]()
    for title, measurements in parts.items():
        if figures := list(measurements):
            has_goals = faces == limits.FACE_SET_CAPACITY
            results[title] = figures if has_goals else [replace(each, goal=None) for each in figures]
            console.print(table(title, results[title]))
    if file is not None:
        write_figures(results, file)
