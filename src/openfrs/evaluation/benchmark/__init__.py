"""The benchmarks of ``openfrs bench``."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from openfrs.core import limits
from openfrs.core.settings import Settings
from openfrs.vision.runtime.tuning import processor
from openfrs.vision.weights.cache import WeightCache

from . import gallery, images, requests
from .figures import Figure, table


def run(settings: Settings, seconds: float, *, gallery_only: bool, faces: int, file: Path | None) -> None:
    """Run all benchmarks, print their figures and goals, and optionally write them to a JSON file.

    ``seconds`` is the time for each case. The goals apply to sets of 100,000 faces.
    """
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    parts: Mapping[str, Iterator[Figure]] = {
        "machine": iter(()) if gallery_only else iter([Figure(processor(), "cores", requests.CORES)]),
        "images": iter(()) if gallery_only else images.measure(settings, weights, seconds),
        "requests": iter(()) if gallery_only else requests.measure(settings, weights, seconds, faces),
        "galleries": gallery.measure(seconds, faces),
        "search by size of the set, 128-d, top 10": gallery.curve(seconds, faces),
    }
    console, results = Console(), dict[str, list[Figure]]()
    for title, measurements in parts.items():
        if figures := list(measurements):
            has_goals = faces == limits.FACE_SET_CAPACITY
            results[title] = figures if has_goals else [replace(each, goal=None) for each in figures]
            console.print(table(title, results[title]))
    if file is not None:
        rows = {title: [asdict(each) | {"met": each.met} for each in figures] for title, figures in results.items()}
        file.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
