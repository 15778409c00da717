"""Search through face sets over both databases: concurrency, limits and deletions."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openfrs.store.faces.models import Match, SetMissingError
from openfrs.store.faces.predicate import Equal
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index import backend
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries
from tests.support.galleries import MEMORY, PROJECT, face, new_database, new_set, search_ids, unit


def test_equal_templates_are_found_oldest_first(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.add(set_id, [face(number, seed=1) for number in range(5)])
    assert search_ids(galleries, set_id, unit(1), 5) == [f"{number:08d}" for number in range(5)]


def test_two_processes_see_each_others_writes(repository: FaceRepository) -> None:
    set_id = new_set(repository)
    first, second = Galleries.in_memory(repository, MEMORY), Galleries.in_memory(repository, MEMORY)
    for number in range(10):
        repository.add(set_id, [face(number)])
        assert (
            search_ids(first, set_id, unit(number), 1)
            == search_ids(second, set_id, unit(number), 1)
            == [f"{number:08d}"]
        )
        repository.delete(set_id, Match(face_id=f"{number:08d}"))
        assert search_ids(second, set_id, unit(number), 1) == search_ids(first, set_id, unit(number), 1) == []


def test_a_minimum_similarity_limits_the_hits(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.add(set_id, [face(number) for number in range(50)])
    hits = galleries.search(set_id, unit(7), Query(50, 0.3))
    assert hits[0].face.face_id == "00000007"
    assert 1 <= len(hits) < 50
    assert min(hit.similarity for hit in hits) >= 0.3


def test_searching_a_deleted_set_raises(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.delete_set(PROJECT, "s")
    with pytest.raises(SetMissingError):
        galleries.search(set_id, unit(0), Query(1))


def test_concurrent_searches_miss_no_face_and_find_no_deleted_one(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.add(set_id, [face(number) for number in range(1000, 1200)])
    wrong: list[str] = []

    def work(thread: int) -> None:
        for step in range(25):
            number = thread * 100 + step
            repository.add(set_id, [face(number)])
            if search_ids(galleries, set_id, unit(number), 1) != [f"{number:08d}"]:
                wrong.append(f"missed {number}")
            repository.delete(set_id, Match(face_id=f"{number:08d}"))
            if search_ids(galleries, set_id, unit(number), 1) == [f"{number:08d}"]:
                wrong.append(f"ghost {number}")

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    face_set = repository.find_set(PROJECT, "s")
    assert face_set is not None
    assert face_set.face_number == 200


def test_deleted_templates_are_overwritten_on_disk(tmp_path: Path) -> None:
    repository = FaceRepository(new_database(tmp_path / "x.db"))
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(20)])
    template = unit(3).astype(np.float16).tobytes()
    assert any(template in path.read_bytes() for path in tmp_path.glob("x.db*"))
    repository.delete(set_id, Match(face_id="00000003"))
    repository._database.close()  # merges the write-ahead log into the database
    assert not any(template in path.read_bytes() for path in tmp_path.glob("x.db*"))


def test_a_deletion_by_predicate_sees_every_earlier_write(repository: FaceRepository) -> None:
    set_id = new_set(repository, fields={"number": {"type": "long"}})
    galleries = Galleries.in_memory(repository, MEMORY)
    deleted: list[int] = []

    def add(thread: int) -> None:
        for step in range(20):
            repository.add(set_id, [face(1000 * thread + step, fields={"number": step % 2})])

    def remove() -> None:
        deleted.extend(galleries.delete(set_id, Equal("number", 1)) for _ in range(20))

    threads = [threading.Thread(target=add, args=(thread,)) for thread in range(3)] + [threading.Thread(target=remove)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deleted.append(galleries.delete(set_id, Equal("number", 1)))
    assert sum(deleted) == 30
    face_set = repository.find_set(PROJECT, "s")
    assert face_set is not None
    assert face_set.face_number == 30
    assert len(search_ids(galleries, set_id, unit(0), 100)) == 30


def test_the_best_impostors_are_those_of_other_people(
    repository: FaceRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.add(set_id, [face(number) for number in range(30)])  # of five people
    stored = np.array([unit(number) for number in range(30)]).astype(np.float16).astype(np.float64)
    cosines = stored @ stored.T
    expected = []
    for number in range(5):
        others = np.arange(30) % 5 != number
        expected.append(cosines[number::5][:, others].max(axis=1))
    best = galleries.best_impostors(set_id, 100, 60)
    assert len(best) == 5
    assert all(np.isclose(expected, each, atol=1e-6).any() for each in best)
    monkeypatch.setattr(backend, "_LOCKED_SECONDS", 0.0)  # the index is released after each person
    assert galleries.best_impostors(set_id, 100, 60) == best
    assert len(galleries.best_impostors(set_id, 3, 60)) == 3
    assert len(galleries.best_impostors(set_id, 100, 0)) == 1
    repository.delete_set(PROJECT, "s")
    with pytest.raises(SetMissingError):
        galleries.best_impostors(set_id, 1, 60)


def test_many_people_are_searched_for_in_one_snapshot(
    repository: FaceRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.add(set_id, [face(number) for number in range(30)])
    snapshots, original = [], repository.snapshot

    def counted() -> Any:
        snapshots.append(1)
        return original()

    monkeypatch.setattr(repository, "snapshot", counted)
    monkeypatch.setattr(backend, "_LOCKED_SECONDS", 60.0)
    assert len(galleries.best_impostors(set_id, 100, 60)) == 5
    assert len(snapshots) <= 4
