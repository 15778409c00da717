"""Searches and writes while Milvus is killed, unavailable, or restarts empty."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openfrs.core.telemetry.metrics import MILVUS_BYPASSED
from openfrs.store.db.base import Database
from openfrs.store.faces.models import Match
from openfrs.store.faces.predicate import Equal
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.errors import IndexUnavailableError
from openfrs.store.index.search import Galleries
from tests.support.galleries import MEMORY, PROJECT, face, new_set, search_ids, unit
from tests.support.milvus import MilvusServer, milvus_server
from tests.support.waiting import pause, wait_until

pytest.importorskip("pymilvus", reason="pymilvus is not installed")
from openfrs.store.index.milvus import client as client_module
from openfrs.store.index.milvus.client import _id
from openfrs.store.index.milvus.copies import CopyState, IndexCopies, IndexCopy, find_copy
from openfrs.store.index.milvus.indexer import Indexer
from openfrs.store.index.milvus.search import MilvusBackend, MilvusIndex
from openfrs.store.index.milvus.verifier import IndexVerifier


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path / "milvus") as started:
        yield started


@pytest.fixture
def index(server: MilvusServer, database: Database, repository: FaceRepository) -> Iterator[MilvusIndex]:
    with closing(MilvusIndex.open(server.url, database, repository)) as index:
        yield index


def serving_copy(database: Database, set_id: int) -> IndexCopy:
    with database.read() as connection:
        copy = find_copy(connection, set_id, CopyState.SERVING)
    assert copy is not None
    return copy


def index_until_current(index: MilvusIndex, database: Database) -> None:
    def is_current() -> bool:
        index.indexer.run()
        return not IndexCopies(database).sets_behind()

    wait_until(is_current, timeout=120, interval=0.05, message="the index is up to date")


def test_a_set_that_fits_into_memory_is_searched_there_while_the_server_is_unavailable(
    server: MilvusServer, database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(300)])
    index_until_current(index, database)
    large, small = index.galleries(MEMORY, 2), index.galleries(10_000, 2)
    assert search_ids(large, set_id, unit(7)) == search_ids(small, set_id, unit(7)) == ["00000007"]
    assert sum(small.loaded_bytes.values()) < 1000  # faces in the server's copy are not in memory
    server.kill()
    assert search_ids(large, set_id, unit(8)) == ["00000008"]
    assert not index.milvus.is_connected
    with pytest.raises(IndexUnavailableError):
        search_ids(small, set_id, unit(8))
    repository.delete(set_id, Match(face_id="00000008"))
    repository.add(set_id, [face(500)])
    assert "00000008" not in search_ids(large, set_id, unit(8), 1000)
    server.start()
    index_until_current(index, database)
    assert index.milvus.is_connected
    assert search_ids(small, set_id, unit(500)) == ["00000500"]
    assert "00000008" not in search_ids(small, set_id, unit(8), 1000)
    assert index.indexer.compare(set_id).missing == index.indexer.compare(set_id).unexpected == 0


def test_a_server_that_restarts_empty_is_detected_and_filled_again(
    tmp_path: Path, server: MilvusServer, database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(50)])
    index_until_current(index, database)
    galleries = index.galleries(MEMORY, 2)
    assert search_ids(galleries, set_id, unit(7)) == ["00000007"]
    server.kill()
    shutil.rmtree(tmp_path / "milvus")
    server.start()
    bypassed = MILVUS_BYPASSED._value.get()

    def is_searched_on_the_server() -> bool:
        before = MILVUS_BYPASSED._value.get()
        assert search_ids(galleries, set_id, unit(7)) == ["00000007"]
        if MILVUS_BYPASSED._value.get() == before:
            return True
        index.indexer.run()  # the search detected the loss, and the indexer rebuilds the copy
        return False

    wait_until(is_searched_on_the_server, timeout=120, interval=0.2, message="the copy is rebuilt")
    assert MILVUS_BYPASSED._value.get() > bypassed
    assert index.indexer.compare(set_id).missing == 0


def test_an_incomplete_copy_is_not_searched_and_rebuilt_only_after_the_grace_period(
    database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    verifier = IndexVerifier(repository, index.milvus, grace_seconds=1.0)
    indexer = Indexer(database, repository, index.milvus, verifier)
    galleries = Galleries(repository, MilvusBackend(repository, index.milvus, verifier, MEMORY), 2)
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(50)])
    index_until_current(index, database)
    copy = serving_copy(database, set_id)
    index.milvus._delete(copy, [_id(copy, 8)])  # without the indexer
    index.milvus.close()
    bypassed = MILVUS_BYPASSED._value.get()
    assert search_ids(galleries, set_id, unit(7)) == ["00000007"]
    assert MILVUS_BYPASSED._value.get() == bypassed + 1
    indexer.run()
    assert serving_copy(database, set_id) == copy
    pause(1.1)  # longer than the grace period
    while indexer.compare(set_id).missing:
        indexer.run()
    assert serving_copy(database, set_id).key != copy.key
    assert search_ids(galleries, set_id, unit(7)) == ["00000007"]


def test_a_copy_that_was_incomplete_from_the_start_is_not_searched(
    database: Database, repository: FaceRepository, index: MilvusIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = IndexVerifier(repository, index.milvus, grace_seconds=1.0)
    indexer = Indexer(database, repository, index.milvus, verifier)
    galleries = Galleries(repository, MilvusBackend(repository, index.milvus, verifier, MEMORY), 2)
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(50)])
    with monkeypatch.context() as patched:
        patched.setattr(client_module, "_insert", lambda name, rows, client: client.insert(name, rows[1:]))
        while IndexCopies(database).sets_behind():
            indexer.run()
    copy = serving_copy(database, set_id)
    bypassed = MILVUS_BYPASSED._value.get()
    assert search_ids(galleries, set_id, unit(0)) == ["00000000"]
    assert MILVUS_BYPASSED._value.get() == bypassed + 1
    indexer.run()
    assert serving_copy(database, set_id) == copy
    pause(1.1)  # longer than the grace period
    while indexer.compare(set_id).missing:
        indexer.run()
    assert serving_copy(database, set_id).key != copy.key


def test_a_server_killed_during_writes_finally_equals_the_database(
    server: MilvusServer, database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    """Three writers, which also search, and the indexers of two processes run while the server is killed three times."""
    set_id = new_set(repository, fields={"number": {"type": "long"}})
    other = MilvusIndex.open(server.url, database, repository)
    galleries, done, errors = other.galleries(MEMORY, 2), threading.Event(), list[str]()

    def add(writer: int) -> None:
        for step in range(40):
            number = 100 * writer + step
            repository.add(set_id, [face(number, fields={"number": number})])
            if search_ids(galleries, set_id, unit(number)) != [f"{number:08d}"]:
                errors.append(f"missed {number}")
            if step % 3 == 0:
                repository.delete(set_id, Match(face_id=f"{number:08d}"))
                if search_ids(galleries, set_id, unit(number)) == [f"{number:08d}"]:
                    errors.append(f"ghost {number}")
            elif step % 3 == 1:
                repository.update(set_id, f"{number:08d}", external_image_id=None, fields={"number": -number})

    def run_indexer(node: MilvusIndex) -> None:
        while not done.wait(0.02):
            node.indexer.run()

    indexing = [threading.Thread(target=run_indexer, args=(node,)) for node in (index, other)]
    writing = [threading.Thread(target=add, args=(writer,)) for writer in range(1, 4)]
    for thread in indexing + writing:
        thread.start()
    for _ in range(3):
        pause(0.7)
        server.kill()
        server.start()
    for thread in writing:
        thread.join()
    done.set()
    for thread in indexing:
        thread.join()
    assert errors == []
    index_until_current(index, database)
    comparison = index.indexer.compare(set_id)
    assert (comparison.missing, comparison.unexpected) == (0, 0)
    face_set = repository.find_set(PROJECT, "s")
    assert face_set is not None
    assert comparison.faces == face_set.face_number == 3 * 26
    hits = index.galleries(MEMORY, 2).search(set_id, unit(101), Query(5, predicate=Equal("number", -101)))
    assert [hit.face.face_id for hit in hits] == ["00000101"]
    other.close()


def test_a_deleted_set_is_deleted_from_the_server(
    database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(20)])
    index_until_current(index, database)
    copy = serving_copy(database, set_id)
    assert index.milvus.count(copy) == 20
    repository.delete_set(PROJECT, "s")
    index.indexer.run()
    assert index.milvus.count(copy) == 0
    assert IndexCopies(database).orphaned_copies() == []


def test_indexing_resumes_after_the_process_was_killed(
    database: Database, repository: FaceRepository, index: MilvusIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(20)])
    with monkeypatch.context() as patched:
        patched.setattr(IndexCopies, "advance", lambda *_: None)  # killed after the server accepted everything
        index.indexer.run()
        index.indexer.run()
    assert serving_copy(database, set_id).applied == 0
    repository.delete(set_id, Match(face_id="00000003"))
    repository.update(set_id, "00000004", external_image_id="new", fields={})
    assert search_ids(index.galleries(MEMORY, 2), set_id, unit(3)) != ["00000003"]
    index_until_current(index, database)
    comparison = index.indexer.compare(set_id)
    assert (comparison.faces, comparison.missing, comparison.unexpected) == (19, 0, 0)
