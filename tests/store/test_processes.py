"""Processes that write to one database at the same time: nobody wins twice, nothing is lost, nothing is left over."""

import contextlib
import multiprocessing
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from openfrs.store.faces import (
    CapacityError,
    FaceRepository,
    FaceSet,
    Match,
    SetExistsError,
    SetMissingError,
)
from openfrs.store.sqlite import SqliteDatabase

from .accounts import PROJECT, create_account
from .galleries import face

PROCESSES = 3
CAPACITY = 500

Work = Callable[[FaceRepository, int, Barrier], Counter[str]]


def run(path: Path, work: Work) -> list[Counter[str]]:
    """The counts of each process's work."""
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(PROCESSES)
    with contextlib.ExitStack() as stack:
        ends = []
        for number in range(PROCESSES):
            reading, writing = spawn.Pipe(duplex=False)
            process = spawn.Process(target=_process, args=(path, work, number, start, writing))
            process.start()
            writing.close()
            stack.callback(reading.close)
            stack.callback(process.join)
            ends.append(reading)
        return [end.recv() for end in ends]


def _process(
    path: Path, work: Work, number: int, start: Barrier, report: "multiprocessing.connection.Connection"
) -> None:
    database = SqliteDatabase(path)
    start.wait()
    report.send(work(FaceRepository(database), number, start))
    database.close()


def create(repository: FaceRepository, name: str, public_id: str) -> None:
    created_at = datetime(2026, 1, 1)
    repository.create_set(FaceSet(0, PROJECT, name, public_id, CAPACITY, 0, 0, "sface", {}, created_at), limit=1000)


def fill_up(repository: FaceRepository, number: int, _start: Barrier) -> Counter[str]:
    """Add and delete until the set is full."""
    counts = Counter[str]()
    set_id = repository.sets(PROJECT)[0].id
    for step in range(1000):
        first = number * 10_000_000 + step * 10
        try:
            repository.add(set_id, [face(first + place) for place in range(1 + step % 3)])
            counts["added"] += 1 + step % 3
        except CapacityError as error:
            counts["refused"] += 1
            if not error.room:
                break
        if step % 10 == 9:
            counts["deleted"] += repository.delete(set_id, Match(face_id=f"{first:08d}"))
    return counts


def race(repository: FaceRepository, number: int, start: Barrier) -> Counter[str]:
    """In each round all make the same set, add to it and delete it."""
    counts = Counter[str]()
    for round_ in range(40):
        start.wait()
        try:
            create(repository, "raced", f"{number}{round_:07d}")
            counts["created"] += 1
        except SetExistsError:
            counts["exists"] += 1
        start.wait()
        found = repository.set_named(PROJECT, "raced")
        assert found is not None
        start.wait()
        if number == round_ % PROCESSES:
            counts["dropped"] += repository.delete_set(PROJECT, "raced") == found.id
            counts["nothing to drop"] += repository.delete_set(PROJECT, "raced") is None
        else:
            try:
                repository.add(found.id, [face(number * 1_000_000 + round_)])
                counts["added"] += 1
            except SetMissingError:
                counts["too late"] += 1
        start.wait()
    return counts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_account(tmp_path / "x.db")
    return tmp_path / "x.db"


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_capacity_and_count_hold_among_processes(path: Path) -> None:
    database = SqliteDatabase(path)
    create(FaceRepository(database), "s", "00000001")
    database.close()
    counts = run(path, fill_up)
    total = sum(counts, Counter[str]())
    assert all(each["added"] for each in counts)
    assert total["added"] - total["deleted"] == CAPACITY
    assert rows(path, "select face_number from face_sets") == rows(path, "select count(*) from faces") == [(CAPACITY,)]


def test_of_those_who_make_a_set_one_wins_and_its_deletion_leaves_no_orphan(path: Path) -> None:
    total = sum(run(path, race), Counter[str]())
    assert (total["created"], total["exists"]) == (40, 80)
    assert (total["dropped"], total["nothing to drop"]) == (40, 40)
    assert total["added"] + total["too late"] == 80
    for table in ("face_sets", "faces", "tombstones"):
        assert rows(path, f"select count(*) from {table}") == [(0,)]
