"""Short reads see one snapshot, and wait for nobody on the event loop."""

import sqlite3
import threading
from pathlib import Path

import anyio
import pytest

from openfrs.store.accounts import AccountRepository
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreBusyError
from openfrs.store.db.short_reads import ShortReads
from openfrs.store.faces.repository import FaceRepository
from tests.support.databases import DatabaseLocation
from tests.support.galleries import PROJECT, face, new_set


def test_all_reads_of_a_call_see_one_snapshot(database: Database, repository: FaceRepository) -> None:
    set_id = new_set(repository)

    def work() -> tuple[int, int, int]:
        before = repository.find_set(PROJECT, "s")
        writer = threading.Thread(target=repository.add, args=(set_id, [face(1)]))
        writer.start()
        writer.join()
        after = repository.find_set(PROJECT, "s")
        assert before is not None
        assert after is not None
        return before.face_number, after.face_number, threading.get_ident()

    before, after, thread = anyio.run(ShortReads(database).run, work)
    assert (before, after) == (0, 0)
    assert (thread == threading.get_ident()) == database.answers_at_once
    found = repository.find_set(PROJECT, "s")
    assert found is not None
    assert found.face_number == 1


def test_blocking_work_runs_on_a_thread(database: Database) -> None:
    async def run() -> int:
        return await ShortReads(database).run(threading.get_ident, blocking=True)

    assert anyio.run(run) != threading.get_ident()


def test_errors_of_the_work_reach_the_caller_and_end_the_snapshot(
    database: Database, repository: FaceRepository
) -> None:
    def fail() -> None:
        repository.find_set(PROJECT, "s")
        raise KeyError

    with pytest.raises(KeyError):
        anyio.run(ShortReads(database).run, fail)
    set_id = new_set(repository)
    repository.add(set_id, [face(1)])
    found = repository.find_set(PROJECT, "s")
    assert found is not None
    assert found.face_number == 1


def test_a_locked_database_does_not_block_the_event_loop(location: DatabaseLocation, database: Database) -> None:
    if not isinstance(location, Path):
        pytest.skip("PostgreSQL is never read on the event loop")
    database.close()
    accounts = AccountRepository(database)
    with sqlite3.connect(location, isolation_level=None) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusyError), database.shared_read(wait=False):
            accounts.find_project(PROJECT)
    other.close()
    assert anyio.run(ShortReads(database).run, lambda: accounts.find_project(PROJECT) is not None)
