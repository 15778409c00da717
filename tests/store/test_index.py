"""The index finds exactly what a brute-force scan of the stored templates finds."""

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openfrs.box import BoundingBox
from openfrs.store.accounts import AccountRepository, Domain, Project
from openfrs.store.database import Database
from openfrs.store.faces import FaceRepository, FaceSet, Match, NewFace, SetMissingError
from openfrs.store.galleries import Galleries, Query

DIMENSION = 16
MEMORY = 10**9
PROJECT = "p" * 32


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[FaceRepository]:
    database = Database(tmp_path / "x.db")
    domain = Domain("d" * 32, "domain")
    project = Project(PROJECT, "local", domain, datetime(2026, 1, 1))
    AccountRepository(database).create(domains=[domain], projects=[project])
    yield FaceRepository(database)
    database.close()


def new_set(repository: FaceRepository, name: str = "s") -> int:
    face_set = FaceSet(0, PROJECT, name, name.rjust(8, "0"), 10_000, 0, 0, "sface", {}, datetime(2026, 1, 1))
    repository.create_set(face_set, limit=1000)
    made = repository.set_named(PROJECT, name)
    assert made is not None
    return made.id


def unit(seed: int) -> npt.NDArray[np.float32]:
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def face(number: int, seed: int | None = None) -> NewFace:
    vector = unit(number if seed is None else seed)
    return NewFace(f"{number:08d}", str(number % 5), BoundingBox(0, 0, 1, 1), {}, vector)


def found(galleries: Galleries, set_id: int, probe: npt.NDArray[np.float32], count: int) -> list[str]:
    return [hit.face.face_id for hit in galleries.search(set_id, probe, Query(count))]


actions = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 6)),
        st.tuples(st.just("delete"), st.integers(0, 40)),
        st.tuples(st.just("delete many"), st.integers(0, 4)),
        st.tuples(st.just("update"), st.integers(0, 40)),
        st.tuples(st.just("search"), st.integers(0, 40)),
    ),
    max_size=25,
)


@given(actions)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_searches_agree_with_brute_force(repository: FaceRepository, steps: list[tuple[str, int]]) -> None:
    set_id = new_set(repository, f"s{np.random.default_rng().integers(10**6)}")
    galleries, model, made = Galleries(repository, MEMORY), dict[str, NewFace](), 0
    for step, number in steps:
        match step:
            case "add":
                batch = [face(made + place) for place in range(number)]
                made += number
                repository.add(set_id, batch)
                model |= {each.face_id: each for each in batch}
            case "delete":
                gone = repository.delete(set_id, Match(face_id=f"{number:08d}"))
                assert gone == (model.pop(f"{number:08d}", None) is not None)
            case "delete many":
                matching = [key for key, each in model.items() if each.external_image_id == str(number)]
                assert repository.delete(set_id, Match(external_image_id=str(number))) == len(matching)
                for key in matching:
                    del model[key]
            case "update":
                known = f"{number:08d}" in model
                assert repository.update(set_id, f"{number:08d}", external_image_id="9", fields={}) == known
                if known:
                    old = model[f"{number:08d}"]
                    model[old.face_id] = NewFace(old.face_id, "9", old.box, {}, old.template)
            case "search":
                probe = unit(number)
                stored = {key: each.template.astype(np.float16).astype(np.float32) for key, each in model.items()}
                expected = sorted(stored, key=lambda key: (-float(stored[key] @ probe), key))[:10]
                assert found(galleries, set_id, probe, 10) == expected
    repository.delete_set(PROJECT, next(each.name for each in repository.sets(PROJECT) if each.id == set_id))


def test_equal_templates_come_oldest_first(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries(repository, MEMORY)
    repository.add(set_id, [face(number, seed=1) for number in range(5)])
    assert found(galleries, set_id, unit(1), 5) == [f"{number:08d}" for number in range(5)]


def test_two_processes_see_each_others_writes(repository: FaceRepository) -> None:
    set_id = new_set(repository)
    one, other = Galleries(repository, MEMORY), Galleries(repository, MEMORY)
    for number in range(10):
        repository.add(set_id, [face(number)])
        assert found(one, set_id, unit(number), 1) == found(other, set_id, unit(number), 1) == [f"{number:08d}"]
        repository.delete(set_id, Match(face_id=f"{number:08d}"))
        assert found(other, set_id, unit(number), 1) == found(one, set_id, unit(number), 1) == []


def test_a_least_cosine_cuts_the_list(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries(repository, MEMORY)
    repository.add(set_id, [face(number) for number in range(50)])
    hits = galleries.search(set_id, unit(7), Query(50, 0.3))
    assert hits[0].face.face_id == "00000007"
    assert 1 <= len(hits) < 50
    assert min(hit.cosine for hit in hits) >= 0.3


def test_searching_a_set_that_is_gone_says_so(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries(repository, MEMORY)
    repository.delete_set(PROJECT, "s")
    with pytest.raises(SetMissingError):
        galleries.search(set_id, unit(0), Query(1))


def test_readers_and_writers_at_once_never_miss_or_resurrect(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries(repository, MEMORY)
    repository.add(set_id, [face(number) for number in range(1000, 1200)])
    wrong: list[str] = []

    def work(thread: int) -> None:
        for step in range(25):
            number = thread * 100 + step
            repository.add(set_id, [face(number)])
            if found(galleries, set_id, unit(number), 1) != [f"{number:08d}"]:
                wrong.append(f"missed {number}")
            repository.delete(set_id, Match(face_id=f"{number:08d}"))
            if found(galleries, set_id, unit(number), 1) == [f"{number:08d}"]:
                wrong.append(f"ghost {number}")

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    made = repository.set_named(PROJECT, "s")
    assert made is not None
    assert made.face_number == 200


def test_deleted_templates_are_overwritten_on_disk(repository: FaceRepository, tmp_path: Path) -> None:
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(20)])
    template = unit(3).astype(np.float16).tobytes()
    assert any(template in path.read_bytes() for path in tmp_path.glob("x.db*"))
    repository.delete(set_id, Match(face_id="00000003"))
    repository._database.close()  # the write-ahead log goes into the database
    assert not any(template in path.read_bytes() for path in tmp_path.glob("x.db*"))
