"""Measure the cost of sharing a database among nodes, and of searching an index in Milvus.

    python -m benchmarks.scale [--faces 100000] [--milvus http://host:19530 --milvus-process ID] [--only version-checks]

Starts a temporary PostgreSQL server, and nodes with the real models. Without ``--milvus`` its part is skipped.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import httpx
import numpy as np
from rich.console import Console

from openfrs.core.settings import Settings
from openfrs.evaluation.benchmark.figures import (
    Figure,
    elapsed,
    percentiles,
    print_figures,
    resident,
    table,
    write_figures,
)
from openfrs.evaluation.benchmark.images import sample_photo
from openfrs.evaluation.benchmark.publication import SHARING
from openfrs.evaluation.benchmark.templates import random_templates, synthetic_face
from openfrs.store.db.base import Database
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.cache import IndexCache
from openfrs.store.index.milvus.copies import CopyState, find_copy
from openfrs.store.index.milvus.search import MilvusIndex
from openfrs.store.index.search import Galleries
from openfrs.vision.weights.cache import WeightCache
from tests.support.galleries import MEMORY, PROJECT, face, new_database, new_set
from tests.support.nodes import node_environment
from tests.support.postgresql import PostgresqlServer, postgresql_server
from tests.support.servers import RunningServer, real_server_command, running

CLIENTS = 8
ROUNDS, SECONDS = 5, 4.0
CHECKS = 3_000
PROBES = 300
DIMENSION = 128
VERSION_CHECK_MS = {"SQLite": 0.5, "PostgreSQL": 0.6}
ADDS_PER_SECOND, LAG_SECONDS = 500, 20.0
_BATCH = 10_000


def main() -> None:
    """Print each figure as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--milvus")
    parser.add_argument("--milvus-process", type=int)
    parser.add_argument("--only", choices=["version-checks", "nodes", "milvus"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openfrs-scale-") as name:
        figures = print_figures(_figures(options, Path(name)))
    Console().print(table(SHARING, figures))
    if options.json:
        write_figures({SHARING: figures}, options.json)


def _figures(options: argparse.Namespace, folder: Path) -> Iterator[Figure]:
    with postgresql_server(durable=True) as server:
        if options.only in {None, "version-checks"}:
            yield from _version_checks(server, folder)
        if options.only in {None, "nodes"}:
            yield from _nodes(server, folder)
    if options.milvus and options.only in {None, "milvus"}:
        yield from _milvus(folder, options.faces, options.milvus, options.milvus_process)


def _version_checks(server: PostgresqlServer, folder: Path) -> Iterator[Figure]:
    """Measure the check that an index is up to date: opening a snapshot and reading the version of the set."""
    with ExitStack() as stack:
        checks: list[tuple[str, Callable[[], object], list[float]]] = []
        for name, location in (("SQLite", folder / "checks.db"), ("PostgreSQL", server.new_database())):
            database = stack.enter_context(closing(new_database(location)))
            repository = FaceRepository(database)
            set_id = new_set(repository)
            repository.add(set_id, [face(0)])
            checks.append((name, _version_check(IndexCache(repository, MEMORY), set_id), []))
        for _ in range(CHECKS):
            for _, check, times in checks:
                times.append(elapsed(check))
        for name, _, times in checks:
            yield from percentiles(f"version check, {name} on this machine", times, p50=VERSION_CHECK_MS[name])


def _version_check(indexes: IndexCache, set_id: int) -> Callable[[], object]:
    def check() -> None:
        with indexes.up_to_date(set_id):
            pass

    return check


def _nodes(server: PostgresqlServer, folder: Path) -> Iterator[Figure]:
    """Measure searches by photo on one node of two processes, and on two and three nodes of one, on the same cores."""
    settings = Settings()
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    photo, url = sample_photo(weights), server.new_database()
    with ExitStack() as stack:
        clusters: dict[int, list[RunningServer]] = {}
        credentials = None
        for count in (1, 2, 3):
            clusters[count] = []
            for number in range(count):
                data = folder / f"{count}-{number}"
                workers = "2" if count == 1 else "1"
                environment = {**node_environment(url), "OPENFRS_WORKERS": workers, "OPENFRS_THREADS": "1"}
                environment |= {"OPENFRS_RATE": "0", "OPENFRS_CONCURRENT": "0"}
                command = real_server_command(data, weights.directory)
                node = running(command, data, environment=environment, credentials=credentials)
                clusters[count].append(stack.enter_context(node))
                credentials = credentials or clusters[count][0].credentials
        first = clusters[1][0]
        headers, path = {"X-Auth-Token": first.token()}, f"{first.project}/face-sets"
        with httpx.Client(base_url=first.endpoint, headers=headers, timeout=60) as client:
            client.post(path, json={"face_set_name": "s"}).raise_for_status()
            client.post(f"{path}/s/faces", files={"image_file": photo}).raise_for_status()
        rates: dict[int, list[float]] = {count: [] for count in clusters}
        for round_ in range(ROUNDS + 1):
            for count, cluster in clusters.items():
                rate = _rate([each.endpoint for each in cluster], headers, f"{path}/s/search", photo)
                if round_:  # the first round is a warm-up
                    rates[count].append(rate)
    for count, measured in rates.items():
        case = f"{count} {'node of 2 processes' if count == 1 else 'nodes'}, {CLIENTS} clients"
        yield Figure(case, "searches by photo per second", float(np.median(measured)))
        if count > 1:
            ratio = float(np.median(np.array(measured) / np.array(rates[1])))
            yield Figure(case, "ratio to one node", ratio, 0.9, at_least=True)


def _rate(endpoints: Sequence[str], headers: dict[str, str], path: str, photo: bytes) -> float:
    end = time.perf_counter() + SECONDS

    def work(number: int) -> int:
        count = 0
        with httpx.Client(base_url=endpoints[number % len(endpoints)], headers=headers, timeout=60) as client:
            while time.perf_counter() < end:
                client.post(path, files={"image_file": photo}).raise_for_status()
                count += 1
        return count

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(work, range(CLIENTS))) / (time.perf_counter() - started)


def _milvus(folder: Path, faces: int, url: str, process: int | None) -> Iterator[Figure]:
    """Compare searches in memory and in Milvus, and measure the lag of Milvus while faces are added."""
    database = new_database(folder / "milvus.db")
    repository = FaceRepository(database)
    set_id, case = new_set(repository), f"{faces:,} faces, {DIMENSION}-d"
    generator = np.random.default_rng(0)
    for start in range(0, faces, _BATCH):
        vectors = random_templates(generator, min(_BATCH, faces - start))
        repository.add(set_id, [synthetic_face(start + offset, vector) for offset, vector in enumerate(vectors)])
    before = resident(process) if process else 0
    remote = MilvusIndex.open(url, database, repository)
    with closing(database), closing(remote):
        started = time.perf_counter()
        while _applied(database, set_id) < _version(repository):
            remote.indexer.run()
        yield Figure(case, "indexed into Milvus, faces per second", faces / (time.perf_counter() - started))
        memory, milvus = Galleries.in_memory(repository, MEMORY * 10), remote.galleries(MEMORY, threads=1)
        probes = random_templates(generator, PROBES)
        searches = (("in memory", memory.search, list[float]()), ("through Milvus", milvus.search, list[float]()))
        for _, search, _ in searches:
            search(set_id, probes[0], Query(10))
        for probe in probes:  # interleaved so that background load affects both equally
            for _, search, times in searches:
                times.append(elapsed(partial(search, set_id, probe, Query(10))))
        for name, _, times in searches:
            yield from percentiles(f"{case}, top 10 {name}", times)
        same = sum(
            memory.search(set_id, probe, Query(10)) == milvus.search(set_id, probe, Query(10)) for probe in probes
        )
        yield Figure(
            f"{case}, top 10 through Milvus", "share of results equal to memory", same / PROBES, 1.0, at_least=True
        )
        yield Figure(case, "index in memory, MB", sum(memory.loaded_bytes.values()) / 1e6)
        if process:
            yield Figure(case, "Milvus, increase of resident MB", resident(process) - before)
        yield from _lag(remote, database, repository, set_id, faces)


def _lag(
    remote: MilvusIndex, database: Database, repository: FaceRepository, set_id: int, faces: int
) -> Iterator[Figure]:
    """Measure the lag in faces ten times a second while faces are added, one per transaction."""
    stop, lags = threading.Event(), []

    def index() -> None:
        while not stop.wait(0.5):
            remote.indexer.run()

    thread = threading.Thread(target=index)
    thread.start()
    started, added = time.perf_counter(), 0
    vectors = random_templates(np.random.default_rng(1), int(ADDS_PER_SECOND * LAG_SECONDS))
    for vector in vectors:
        repository.add(set_id, [synthetic_face(faces + added, vector)])
        added += 1
        if added % (ADDS_PER_SECOND // 10) == 0:
            lags.append(_version(repository) - _applied(database, set_id))
        time.sleep(max(0.0, started + added / ADDS_PER_SECOND - time.perf_counter()))
    reached = added / (time.perf_counter() - started)
    stop.set()
    thread.join()
    case = f"{reached:,.0f} adds per second"
    yield Figure(case, "lag in faces, median", float(np.median(lags)))
    yield Figure(case, "lag in faces, maximum", float(max(lags)))


def _version(repository: FaceRepository) -> int:
    face_set = repository.find_set(PROJECT, "s")
    assert face_set is not None
    return face_set.version


def _applied(database: Database, set_id: int) -> int:
    with database.read() as connection:
        copy = find_copy(connection, set_id, CopyState.SERVING)
    return -1 if copy is None else copy.applied


if __name__ == "__main__":
    main()
