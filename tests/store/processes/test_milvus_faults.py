"""What becomes of searches and writes when Milvus is killed, stays away, or comes back empty."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openfrs.core.telemetry.metrics import MILVUS_BYPASSED
from openfrs.store.db.base import Database
from openfrs.store.db.errors import IndexUnavailableError
from openfrs.store.faces.models import Match
from openfrs.store.faces.predicate import Equal
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries
from tests.support.databases import Place
from tests.support.galleries import MEMORY, PROJECT, face, new_database, new_set, unit
from tests.support.milvus import MilvusServer, milvus_server

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
def database(place: Place) -> Iterator[Database]:
    with closing(new_database(place)) as database:
        yield database


@pytest.fixture
def repository(database: Database) -> FaceRepository:
    return FaceRepository(database)


@pytest.fixture
def index(server: MilvusServer, database: Database, repository: FaceRepository) -> Iterator[MilvusIndex]:
    with closing(MilvusIndex.open(server.url, database, repository)) as index:
        yield index


def found(galleries: Galleries, set_id: int, number: int, count: int = 1) -> list[str]:
    return [hit.face.face_id for hit in galleries.search(set_id, unit(number), Query(count))]


def serving(database: Database, set_id: int) -> IndexCopy:
    with database.read() as connection:
        copy = find_copy(connection, set_id, CopyState.SERVING)
    assert copy is not None
    return copy


def index_until_level(index: MilvusIndex, database: Database) -> None:
    index.indexer.run()
    while IndexCopies(database).behind():
        time.sleep(0.05)
        index.indexer.run()


def test_a_search_is_answered_from_memory_while_the_server_is_away_if_the_set_fits(
    server: MilvusServer, database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(300)])
    index_until_level(index, database)
    large, small = index.galleries(MEMORY, 2), index.galleries(10_000, 2)
    assert found(large, set_id, 7) == found(small, set_id, 7) == ["00000007"]
    assert sum(small.loaded_bytes.values()) < 1000  # of the faces that the server has none is in memory
    server.kill()
    assert found(large, set_id, 8) == ["00000008"]
    assert not index.milvus.is_connected
    with pytest.raises(IndexUnavailableError):
        found(small, set_id, 8)
    repository.delete(set_id, Match(face_id="00000008"))
    repository.add(set_id, [face(500)])
    assert "00000008" not in found(large, set_id, 8, 1000)
    server.start()
    index_until_level(index, database)
    assert index.milvus.is_connected
    assert found(small, set_id, 500) == ["00000500"]
    assert "00000008" not in found(small, set_id, 8, 1000)
    assert index.indexer.compare(set_id).missing == index.indexer.compare(set_id).unexpected == 0


def test_a_server_that_comes_back_empty_is_found_out_and_filled_again(
    tmp_path: Path, server: MilvusServer, database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(50)])
    index_until_level(index, database)
    galleries = index.galleries(MEMORY, 2)
    assert found(galleries, set_id, 7) == ["00000007"]
    server.kill()
    shutil.rmtree(tmp_path / "milvus")
    server.start()
    passed_over = MILVUS_BYPASSED._value.get()
    while True:  # the loss is found by who searches, and the copy made anew
        before = MILVUS_BYPASSED._value.get()
        assert found(galleries, set_id, 7) == ["00000007"]
        if MILVUS_BYPASSED._value.get() == before:
            break
        index.indexer.run()
        time.sleep(0.2)
    assert before > passed_over
    assert index.indexer.compare(set_id).missing == 0


def test_a_copy_that_lacks_faces_is_not_searched_and_made_anew_only_if_it_goes_on(
    database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    verifier = IndexVerifier(repository, index.milvus, grace_seconds=1.0)
    indexer = Indexer(database, repository, index.milvus, verifier)
    galleries = Galleries(repository, MilvusBackend(repository, index.milvus, verifier, MEMORY), 2)
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(50)])
    index_until_level(index, database)
    copy = serving(database, set_id)
    index.milvus._delete(copy, [_id(copy, 8)])  # behind the indexer's back
    index.milvus.close()
    passed_over = MILVUS_BYPASSED._value.get()
    assert found(galleries, set_id, 7) == ["00000007"]
    assert MILVUS_BYPASSED._value.get() == passed_over + 1
    indexer.run()
    assert serving(database, set_id) == copy
    time.sleep(1.1)
    while indexer.compare(set_id).missing:
        indexer.run()
    assert serving(database, set_id).key != copy.key
    assert found(galleries, set_id, 7) == ["00000007"]


def test_a_copy_that_lacks_faces_from_the_first_is_not_searched_either(
    database: Database, repository: FaceRepository, index: MilvusIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = IndexVerifier(repository, index.milvus, grace_seconds=1.0)
    indexer = Indexer(database, repository, index.milvus, verifier)
    galleries = Galleries(repository, MilvusBackend(repository, index.milvus, verifier, MEMORY), 2)
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(50)])
    with monkeypatch.context() as patched:
        patched.setattr(client_module, "_insert", lambda name, rows, client: client.insert(name, rows[1:]))
        while IndexCopies(database).behind():
            indexer.run()
    copy = serving(database, set_id)
    passed_over = MILVUS_BYPASSED._value.get()
    assert found(galleries, set_id, 0) == ["00000000"]
    assert MILVUS_BYPASSED._value.get() == passed_over + 1
    indexer.run()
    assert serving(database, set_id) == copy
    time.sleep(1.1)
    while indexer.compare(set_id).missing:
        indexer.run()
    assert serving(database, set_id).key != copy.key


def test_killed_during_writes_it_holds_in_the_end_what_the_database_does(
    server: MilvusServer, database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    """Writers, indexers of two processes and a searcher, while the server is killed over and over."""
    set_id = new_set(repository, fields={"number": {"type": "long"}})
    other = MilvusIndex.open(server.url, database, repository)
    galleries, ends, wrong = other.galleries(MEMORY, 2), threading.Event(), list[str]()

    def add(writer: int) -> None:
        for step in range(40):
            number = 100 * writer + step
            repository.add(set_id, [face(number, fields={"number": number})])
            if found(galleries, set_id, number) != [f"{number:08d}"]:
                wrong.append(f"missed {number}")
            if step % 3 == 0:
                repository.delete(set_id, Match(face_id=f"{number:08d}"))
                if found(galleries, set_id, number) == [f"{number:08d}"]:
                    wrong.append(f"ghost {number}")
            elif step % 3 == 1:
                repository.update(set_id, f"{number:08d}", external_image_id=None, fields={"number": -number})

    def bring_up(one: MilvusIndex) -> None:
        while not ends.wait(0.02):
            one.indexer.run()

    indexing = [threading.Thread(target=bring_up, args=(one,)) for one in (index, other)]
    writing = [threading.Thread(target=add, args=(writer,)) for writer in range(1, 4)]
    for thread in indexing + writing:
        thread.start()
    for _ in range(3):
        time.sleep(0.7)
        server.kill()
        server.start()
    for thread in writing:
        thread.join()
    ends.set()
    for thread in indexing:
        thread.join()
    assert wrong == []
    index_until_level(index, database)
    comparison = index.indexer.compare(set_id)
    assert (comparison.missing, comparison.unexpected) == (0, 0)
    made = repository.find_set(PROJECT, "s")
    assert made is not None
    assert comparison.faces == made.face_number == 3 * 26
    hits = index.galleries(MEMORY, 2).search(set_id, unit(101), Query(5, predicate=Equal("number", -101)))
    assert [hit.face.face_id for hit in hits] == ["00000101"]
    other.close()


def test_of_a_set_that_is_deleted_nothing_stays_on_the_server(
    database: Database, repository: FaceRepository, index: MilvusIndex
) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(20)])
    index_until_level(index, database)
    copy = serving(database, set_id)
    assert index.milvus.count(copy) == 20
    repository.delete_set(PROJECT, "s")
    index.indexer.run()
    assert index.milvus.count(copy) == 0
    assert IndexCopies(database).orphaned() == []


def test_indexing_goes_on_where_whoever_was_killed_has_left_it(
    database: Database, repository: FaceRepository, index: MilvusIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(20)])
    with monkeypatch.context() as patched:
        patched.setattr(IndexCopies, "advance", lambda *_: None)  # killed after the server had taken everything
        index.indexer.run()
        index.indexer.run()
    assert serving(database, set_id).applied == 0
    repository.delete(set_id, Match(face_id="00000003"))
    repository.update(set_id, "00000004", external_image_id="new", fields={})
    assert found(index.galleries(MEMORY, 2), set_id, 3) != ["00000003"]
    index_until_level(index, database)
    comparison = index.indexer.compare(set_id)
    assert (comparison.faces, comparison.missing, comparison.unexpected) == (19, 0, 0)
