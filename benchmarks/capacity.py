"""Measure the disk, memory and time that a very large face set needs.

    python -m benchmarks.capacity --faces 10000000 [--postgresql]

Each face has a template of 128 dimensions, its own image id and one field. With ``--postgresql`` a temporary server is started.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console

from openfrs.evaluation.benchmark.figures import Figure, elapsed, percentiles, print_figures, resident, table
from openfrs.evaluation.benchmark.templates import random_templates, synthetic_face
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries
from tests.support.databases import DatabaseLocation
from tests.support.galleries import new_database, new_set
from tests.support.postgresql import postgresql_server

DIMENSION = 128
BATCH = 10_000
PROBES = 50
MEMORY = 64 * 1024**3


def main() -> None:
    """Print each figure as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="openfrs-capacity-", dir="/var/tmp")))
        location: DatabaseLocation = folder / "capacity.db"
        if options.postgresql:
            server = stack.enter_context(postgresql_server(durable=True))
            location, folder = server.new_database(), server.folder / "data" / "base"  # without the write-ahead log
        figures = print_figures(_figures(location, folder, options.faces))
    Console().print(table("capacity", figures))


def _figures(location: DatabaseLocation, folder: Path, faces: int) -> Iterator[Figure]:
    case = f"{faces:,} faces, {DIMENSION}-d"
    generator = np.random.default_rng(0)
    empty, millions = _stored(folder), faces / 1e6
    with closing(new_database(location)) as database:
        repository = FaceRepository(database)
        set_id = new_set(repository, fields={"number": {"type": "long"}})
        started = time.perf_counter()
        for start in range(0, faces, BATCH):
            vectors = random_templates(generator, min(BATCH, faces - start))
            added = enumerate(vectors, start)
            repository.add(set_id, [synthetic_face(serial, vector, {"number": serial}) for serial, vector in added])
        yield Figure(case, "added, faces per second", faces / (time.perf_counter() - started))
        yield Figure(case, "stored, MB per million faces", (_stored(folder) - empty) / 1e6 / millions)
        galleries, unloaded = Galleries.in_memory(repository, MEMORY), resident(os.getpid())
        probes = random_templates(generator, PROBES)
        search = partial(galleries.search, set_id, query=Query(10))
        yield Figure(case, "first search, s per million faces", elapsed(partial(search, probes[0])) / 1e3 / millions)
        yield Figure(case, "index, MB per million faces", sum(galleries.loaded_bytes.values()) / 1e6 / millions)
        yield Figure(case, "resident, MB per million faces", (resident(os.getpid()) - unloaded) / millions)
        yield Figure(case, "peak resident while loading, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
        yield from percentiles(f"{case}, top 10", [elapsed(partial(search, probe)) for probe in probes])


def _stored(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    main()
