"""Benchmarks of the exact scan alone, on one thread."""

from collections.abc import Iterator
from itertools import cycle
from typing import Final

import numpy as np

from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.index.flat import TemplateIndex

from .figures import Figure, timed
from .templates import random_templates

GOAL_MS: Final = 1.5
LARGE_GOAL_MS: Final = 20.0
"""Goals for 100,000 and for 1,000,000 faces."""

_BATCH: Final = 10_000
_DIMENSION: Final = 128


def random_index(faces: int) -> TemplateIndex:
    """Return an index of random faces without fields."""
    generator, index, none = np.random.default_rng(0), TemplateIndex({}), np.empty(0, np.int64)
    index.reserve(faces, _DIMENSION)
    for start in range(0, faces, _BATCH):
        templates = random_templates(generator, min(_BATCH, faces - start), _DIMENSION).astype(TEMPLATE_TYPE)
        count = len(templates)
        index.apply(Changes(np.arange(start, start + count), templates, [""] * count, [{}] * count, none))
    return index


def measure(seconds: float, faces: int) -> Iterator[Figure]:
    """Measure the scan of a set of ``faces`` faces, and of one ten times as large."""
    for count, goal in ((faces, GOAL_MS), (10 * faces, LARGE_GOAL_MS)):
        index, probes = random_index(count), cycle(random_templates(np.random.default_rng(1), 20, _DIMENSION))
        times = timed(lambda: index.nearest(next(probes), 10), seconds)  # noqa: B023  # called in this iteration
        yield Figure(f"exact scan of {count:,} x {_DIMENSION}", "p50 ms", float(np.median(times)), goal)
