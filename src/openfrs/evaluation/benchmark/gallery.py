"""Benchmarks of search and storage: searches by face id, without inference, on one thread unless stated otherwise."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from openfrs.faces.filter import parse_filter
from openfrs.store.accounts import AccountRepository, Domain, Project
from openfrs.store.db.sqlite import SqliteDatabase
from openfrs.store.faces.models import FaceSet, NewFace
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries

from .figures import Figure, elapsed, percentiles, timed
from .templates import random_templates, synthetic_face

FIELDS: Final = {"number": {"type": "long"}}
NUMBER_RANGE: Final = 10_000
"""Exclusive upper bound of the random field ``number``, so that a range of it selects a known share."""

FILTERS: Final = {
    "50 %": (f"number:[0 TO {NUMBER_RANGE // 2 - 1}]", 1.6),
    "1 %": (f"number:[0 TO {NUMBER_RANGE // 100 - 1}]", 0.5),
    "0.01 %": ("number:7", 0.3),
}
"""Filters by the share they select, with the goal for the ratio of their time to that of the unfiltered search."""

ADDS_PER_SECOND: Final = 1500
DELETE_SECONDS = OPEN_SECONDS = 1.0
SPEEDUP: Final = 1.7
LARGE_P99: Final = 25.0
OTHER_SETS: Final = 10
THREADS: Final = 8

_MEMORY: Final = 16 * 1024**3
_PROJECT: Final = "p" * 32
_BATCH: Final = 10_000
_ROUNDS: Final = 5


def measure(seconds: float, faces: int) -> Iterator[Figure]:
    """Measure sets of ``faces`` faces, and a set ten times as large together with ten such sets."""
    for dimension, p50, p99 in ((128, 2.5, 6.0), (512, 8.0, 15.0)):
        with _store() as store:
            store.fill("set", faces, dimension)
            case = f"{faces:,} faces, {dimension}-d"
            yield Figure(case, "open to first search, s", store.reopen("set"), OPEN_SECONDS)
            yield from percentiles(f"{case}, top 10", timed(store.search_function("set"), seconds), p50=p50, p99=p99)
            yield from percentiles(f"{case}, top 1000", timed(store.search_function("set", count=1000), seconds))
            yield from _measure_filters(store, case, seconds)
            yield _measure_threads(store, case, seconds)
            yield from _measure_writes(store, case, seconds)
    with _store() as store:
        for number in range(OTHER_SETS):
            store.fill(f"set {number}", faces, 128)
        alone = timed(store.search_function("set 0"), seconds)
        store.fill("large", faces * 10, 128)
        yield from percentiles(
            f"{faces * 10:,} faces, 128-d", timed(store.search_function("large"), seconds), p99=LARGE_P99
        )
        together = [timed(store.search_function(f"set {number}"), seconds / OTHER_SETS) for number in range(OTHER_SETS)]
        yield from percentiles(f"{faces:,} faces, 128-d, before the large set", alone)
        yield from percentiles(f"{faces:,} faces, 128-d, with ten other sets", np.concatenate(together).tolist())


def curve(seconds: float, faces: int) -> Iterator[Figure]:
    """Measure searches by size of the set, from a hundredth of ``faces`` to ten times as many."""
    with _store() as store:
        for size in (faces // 100, faces // 10, faces, faces * 10):
            store.fill(f"{size}", size, 128)
            yield from percentiles(f"{size:,} faces", timed(store.search_function(f"{size}"), seconds))


def _measure_filters(store: "_Store", case: str, seconds: float) -> Iterator[Figure]:
    unfiltered = store.search_function("set")
    for share, (text, goal) in FILTERS.items():
        filtered = store.search_function("set", filter_text=text)
        times: list[list[float]] = [[], []]
        for _ in range(int(8 * seconds)):  # runs are interleaved so that background load affects both equally
            for work, durations in zip((unfiltered, filtered), times, strict=True):
                durations += [elapsed(work) for _ in range(25)]
        without, with_filter = np.median(np.array(times), axis=1).tolist()
        yield Figure(f"{case}, filter selecting {share}", "p50 ms", with_filter)
        yield Figure(f"{case}, filter selecting {share}", "ratio to unfiltered", with_filter / without, goal)


def _measure_threads(store: "_Store", case: str, seconds: float) -> Figure:
    """Measure the speed-up of several threads over one; the median of interleaved rounds."""

    def rate(threads: int) -> float:
        end = time.perf_counter() + seconds / _ROUNDS

        def work(_: int) -> int:
            search, count = store.search_function("set"), 0
            while time.perf_counter() < end:
                search()
                count += 1
            return count

        started = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(work, range(threads))) / (time.perf_counter() - started)

    ratios = [rate(THREADS) / rate(1) for _ in range(_ROUNDS)]
    return Figure(
        f"{case}, {THREADS} threads", "speed-up over one thread", float(np.median(ratios)), SPEEDUP, at_least=True
    )


def _measure_writes(store: "_Store", case: str, seconds: float) -> Iterator[Figure]:
    faces = iter(store.new_faces(100_000, 128 if "128" in case else 512))
    times = timed(lambda: store.repository.add(store.sets["set"], [next(faces)]), seconds)
    yield from percentiles(f"{case}, durable single add", times)
    rate = 1000 * len(times) / sum(times)
    yield Figure(f"{case}, durable single adds", "per second", rate, ADDS_PER_SECOND, at_least=True)
    half = parse_filter(FILTERS["50 %"][0], FIELDS)
    duration = elapsed(lambda: store.galleries.delete(store.sets["set"], half)) / 1000
    yield Figure(f"{case}, batch delete of half by filter", "s", duration, DELETE_SECONDS)


class _Store:
    """A temporary database with face sets of random faces."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._random = np.random.default_rng(0)
        self._ids: dict[str, list[str]] = {}
        self._created = 0
        self.sets: dict[str, int] = {}
        self._open()
        domain = Domain("d" * 32, "bench")
        project = Project(_PROJECT, "bench", domain, datetime(2026, 1, 1, tzinfo=UTC))
        AccountRepository(self._database).create(domains=[domain], projects=[project])

    def _open(self) -> None:
        self._database = SqliteDatabase(self._path)
        self.repository = FaceRepository(self._database)
        self.galleries = Galleries.in_memory(self.repository, _MEMORY)

    def close(self) -> None:
        self._database.close()

    def fill(self, name: str, count: int, dimension: int) -> None:
        """Create a set of ``count`` faces and search it once."""
        new_set = FaceSet(
            0, _PROJECT, name, name.rjust(8, "0"), 10**9, 0, 0, "-", FIELDS, datetime(2026, 1, 1, tzinfo=UTC)
        )
        self.repository.create_set(new_set, limit=1000)
        face_set = self.repository.find_set(_PROJECT, name)
        assert face_set is not None
        self.sets[name], self._ids[name] = face_set.id, []
        for start in range(0, count, _BATCH):
            faces = self.new_faces(min(_BATCH, count - start), dimension)
            self.repository.add(face_set.id, faces)
            self._ids[name] += [face.face_id for face in faces]
        self.search_function(name)()

    def new_faces(self, count: int, dimension: int) -> list[NewFace]:
        """Return faces with random templates and numbers."""
        templates = random_templates(self._random, count, dimension)
        numbers = self._random.integers(0, NUMBER_RANGE, count).tolist()
        self._created += count
        return [
            synthetic_face(self._created - offset, template, {"number": number})
            for offset, (template, number) in enumerate(zip(templates, numbers, strict=True))
        ]

    def search_function(self, name: str, *, count: int = 10, filter_text: str | None = None) -> Callable[[], object]:
        """Return a function that searches a set for a random face; it parses the filter each time."""
        set_id, ids, random = self.sets[name], self._ids[name], np.random.default_rng(1)

        def search() -> object:
            predicate = parse_filter(filter_text, FIELDS) if filter_text else None
            query = Query(count, predicate=predicate)
            return self.galleries.search_like(set_id, ids[random.integers(len(ids))], query)

        return search

    def reopen(self, name: str) -> float:
        """Close, reopen and search once; return the seconds for opening and searching."""
        self.close()

        def work() -> None:
            self._open()
            self.search_function(name)()

        return elapsed(work) / 1000


@contextmanager
def _store() -> Iterator[_Store]:
    with tempfile.TemporaryDirectory(prefix="openfrs-bench-") as folder:
        store = _Store(Path(folder, "bench.db"))
        try:
            yield store
        finally:
            store.close()
