"""Processes that write to one database at the same time: no lost update, no double success, no orphans."""

import contextlib
import multiprocessing
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier

import pytest
from sqlalchemy import text

from openfrs.store.faces.models import CapacityError, FaceSet, Match, SetExistsError, SetMissingError
from openfrs.store.faces.repository import FaceRepository
from tests.support.databases import DatabaseLocation, open_database
from tests.support.galleries import face
from tests.support.store_accounts import PROJECT, create_account

PROCESSES = 3
CAPACITY = 500

Work = Callable[[FaceRepository, int, Barrier], Counter[str]]


def run(location: DatabaseLocation, work: Work) -> list[Counter[str]]:
    """Return the counts of each process."""
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(PROCESSES)
    with contextlib.ExitStack() as stack:
        ends = []
        for number in range(PROCESSES):
            reading, writing = spawn.Pipe(duplex=False)
            process = spawn.Process(target=_process, args=(location, work, number, start, writing))
            process.start()
            writing.close()
            stack.callback(reading.close)
            stack.callback(process.join)
            ends.append(reading)
        return [end.recv() for end in ends]


def _process(
    location: DatabaseLocation, work: Work, number: int, start: Barrier, report: "multiprocessing.connection.Connection"
) -> None:
    database = open_database(location)
    start.wait()
    report.send(work(FaceRepository(database), number, start))
    database.close()


def create(repository: FaceRepository, name: str, public_id: str) -> None:
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
    repository.create_set(FaceSet(0, PROJECT, name, public_id, CAPACITY, 0, 0, "sface", {}, created_at), limit=1000)


def fill_up(repository: FaceRepository, number: int, _start: Barrier) -> Counter[str]:
    """Add and delete until the set is full."""
    counts = Counter[str]()
    set_id = repository.list_sets(PROJECT)[0].id
    for step in range(1000):
        first = number * 10_000_000 + step * 10
        try:
            repository.add(set_id, [face(first + offset) for offset in range(1 + step % 3)])
            counts["added"] += 1 + step % 3
        except CapacityError as error:
            counts["rejected"] += 1
            if not error.room:
                break
        if step % 10 == 9:
            counts["deleted"] += repository.delete(set_id, Match(face_id=f"{first:08d}"))
    return counts


def race(repository: FaceRepository, number: int, start: Barrier) -> Counter[str]:
    """In each round, create the same set in each process, add to it and delete it."""
    counts = Counter[str]()
    for round_ in range(40):
        start.wait()
        try:
            create(repository, "raced", f"{number}{round_:07d}")
            counts["created"] += 1
        except SetExistsError:
            counts["exists"] += 1
        start.wait()
        face_set = repository.find_set(PROJECT, "raced")
        assert face_set is not None
        start.wait()
        if number == round_ % PROCESSES:
            counts["dropped"] += repository.delete_set(PROJECT, "raced") == face_set.id
            counts["nothing to drop"] += repository.delete_set(PROJECT, "raced") is None
        else:
            try:
                repository.add(face_set.id, [face(number * 1_000_000 + round_)])
                counts["added"] += 1
            except SetMissingError:
                counts["too late"] += 1
        start.wait()
    return counts


@pytest.fixture(autouse=True)
def account(location: DatabaseLocation) -> None:
    create_account(location)


def number(location: DatabaseLocation, query: str) -> int:
    with contextlib.closing(open_database(location)) as database, database.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


def test_capacity_and_count_are_exact_among_processes(location: DatabaseLocation) -> None:
    database = open_database(location)
    create(FaceRepository(database), "s", "00000001")
    database.close()
    counts = run(location, fill_up)
    total = sum(counts, Counter[str]())
    assert all(each["added"] for each in counts)
    assert total["added"] - total["deleted"] == CAPACITY
    counted = number(location, "select face_number from face_sets"), number(location, "select count(*) from faces")
    assert counted == (CAPACITY, CAPACITY)


def test_one_of_several_creators_wins_and_deletion_leaves_no_orphans(location: DatabaseLocation) -> None:
    total = sum(run(location, race), Counter[str]())
    assert (total["created"], total["exists"]) == (40, 80)
    assert (total["dropped"], total["nothing to drop"]) == (40, 40)
    assert total["added"] + total["too late"] == 80
    for table in ("face_sets", "faces", "tombstones"):
        assert number(location, f"select count(*) from {table}") == 0
