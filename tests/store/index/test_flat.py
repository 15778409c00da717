"""The index finds exactly what a brute-force scan of the stored templates finds."""

import json
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.faces.models import Match, NewFace, SetMissingError
from openfrs.store.faces.predicate import And, Between, Equal, Not, Predicate
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.flat import TemplateIndex
from openfrs.store.index.search import Galleries
from tests.support.databases import Place
from tests.support.galleries import DIMENSION, MEMORY, PROJECT, face, new_database, new_set, unit


@pytest.fixture
def repository(place: Place) -> Iterator[FaceRepository]:
    database = new_database(place)
    yield FaceRepository(database)
    database.close()


def found(galleries: Galleries, set_id: int, probe: npt.NDArray[np.float32], count: int) -> list[str]:
    return [hit.face.face_id for hit in galleries.search(set_id, probe, Query(count))]


def test_equal_templates_come_oldest_first(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.add(set_id, [face(number, seed=1) for number in range(5)])
    assert found(galleries, set_id, unit(1), 5) == [f"{number:08d}" for number in range(5)]


def test_two_processes_see_each_others_writes(repository: FaceRepository) -> None:
    set_id = new_set(repository)
    one, other = Galleries.in_memory(repository, MEMORY), Galleries.in_memory(repository, MEMORY)
    for number in range(10):
        repository.add(set_id, [face(number)])
        assert found(one, set_id, unit(number), 1) == found(other, set_id, unit(number), 1) == [f"{number:08d}"]
        repository.delete(set_id, Match(face_id=f"{number:08d}"))
        assert found(other, set_id, unit(number), 1) == found(one, set_id, unit(number), 1) == []


def test_a_least_cosine_cuts_the_list(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.add(set_id, [face(number) for number in range(50)])
    hits = galleries.search(set_id, unit(7), Query(50, 0.3))
    assert hits[0].face.face_id == "00000007"
    assert 1 <= len(hits) < 50
    assert min(hit.cosine for hit in hits) >= 0.3


def test_searching_a_set_that_is_gone_says_so(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.delete_set(PROJECT, "s")
    with pytest.raises(SetMissingError):
        galleries.search(set_id, unit(0), Query(1))


def test_readers_and_writers_at_once_never_miss_or_resurrect(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
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
    made = repository.find_set(PROJECT, "s")
    assert made is not None
    assert made.face_number == 200


def test_deleted_templates_are_overwritten_on_disk(tmp_path: Path) -> None:
    repository = FaceRepository(new_database(tmp_path / "x.db"))
    set_id = new_set(repository)
    repository.add(set_id, [face(number) for number in range(20)])
    template = unit(3).astype(np.float16).tobytes()
    assert any(template in path.read_bytes() for path in tmp_path.glob("x.db*"))
    repository.delete(set_id, Match(face_id="00000003"))
    repository._database.close()  # the write-ahead log goes into the database
    assert not any(template in path.read_bytes() for path in tmp_path.glob("x.db*"))


def loaded(
    templates: npt.NDArray[np.float32], fields: list[dict[str, object]], definitions: dict[str, dict[str, str]]
) -> TemplateIndex:
    """An index over templates of shape (n, dimension), the sequence numbers those of the rows."""
    index, count = TemplateIndex(definitions), len(templates)
    index.reserve(count, templates.shape[1])
    ids = [f"image-{number}" for number in range(count)]
    nothing = np.empty(0, np.int64)
    index.apply(Changes(np.arange(count), templates.astype(TEMPLATE_TYPE), ids, fields, nothing))  # type: ignore[arg-type]
    return index


def crowd(count: int, dimension: int = DIMENSION) -> npt.NDArray[np.float32]:
    """Random unit vectors, shape (count, dimension)."""
    templates = np.random.default_rng(1).normal(size=(count, dimension)).astype(np.float32)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    return np.asarray(templates.astype(np.float16), np.float32)


CROWD = 5000


@pytest.mark.parametrize("count", [1, 10, 100, 1000, CROWD])
@pytest.mark.parametrize(
    "predicate",
    [
        None,
        Equal("number", 7),  # one of a thousand
        Between("number", None, 9),  # one in a hundred
        Between("number", 0, 150),
        Between("number", None, 499),  # half
        Not(Equal("number", 7)),
        And((Equal("alike", True), Between("number", 0, 900))),  # only those least like the probe
        Equal("alike", False),
        Between("number", 0, 999),  # all
        Equal("number", -1),  # none
    ],
)
def test_a_filtered_search_is_the_scan_of_what_the_filter_leaves(count: int, predicate: Predicate | None) -> None:
    templates = crowd(CROWD)
    probe = templates[17]
    cosines = templates @ probe
    numbers, alike = np.arange(CROWD) % 1000, cosines < np.median(cosines)
    fields: list[dict[str, object]] = [
        {"number": int(n), "alike": bool(a)} for n, a in zip(numbers, alike, strict=True)
    ]
    index = loaded(templates, fields, {"number": {"type": "long"}, "alike": {"type": "boolean"}})
    matching = np.arange(CROWD) if predicate is None else index.matching(predicate)
    seqs, found = index.nearest(probe, count, predicate)
    assert seqs.size == min(count, matching.size)
    assert set(seqs.tolist()) <= set(matching.tolist())
    assert found == pytest.approx(np.sort(cosines[matching])[::-1][:count], abs=1e-6)
    assert cosines[seqs] == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize(
    "predicate", [None, Between("number", 0, 49), Between("number", 0, 3), Not(Equal("number", 3))]
)
def test_of_many_that_are_equally_near_the_oldest_are_found(predicate: Predicate | None) -> None:
    templates = crowd(4000)
    probe, nearest = unit(5).astype(np.float16), [3801, 3803, 3805, 3899, 3999]
    templates[::2] = 0.8 * probe + 0.2 * templates[0]  # half are one person
    templates[nearest] = probe  # and displace that person's faces after those were found
    fields: list[dict[str, object]] = [{"number": number // 2 % 100} for number in range(4000)]
    index = loaded(templates, fields, {"number": {"type": "long"}})
    matching = list(range(4000)) if predicate is None else index.matching(predicate).tolist()
    expected = [seq for seq in matching if seq in nearest] + [seq for seq in matching if seq % 2 == 0]
    for count in (1, 2, 7, 17, 300):
        seqs, cosines = index.nearest(probe.astype(np.float32), count, predicate)
        assert seqs.tolist()[: len(expected)] == expected[:count]
        assert cosines.tolist() == sorted(cosines.tolist(), reverse=True)


def test_deletions_leave_no_template_in_memory_and_give_the_room_back() -> None:
    templates = crowd(1000)
    index = loaded(templates, [{}] * 1000, {})
    before = index._templates.nbytes
    gone = np.random.default_rng(2).permutation(1000)[:900]
    for some in (gone[:1], gone[1:2], gone[2:700], gone[700:]):
        index.apply(Changes(np.empty(0, np.int64), np.empty((0, 1), TEMPLATE_TYPE), (), (), some))
    rows = index._templates.tobytes()
    kept = np.setdiff1d(np.arange(1000), gone)
    assert all(templates[seq].astype(TEMPLATE_TYPE).tobytes() not in rows for seq in gone)
    assert all(templates[seq].astype(TEMPLATE_TYPE).tobytes() in rows for seq in kept)
    assert sorted(index.nearest(templates[0], 1000)[0].tolist()) == kept.tolist()
    assert index._templates.nbytes < before / 2


def test_an_index_takes_little_more_than_its_templates_and_fields() -> None:
    """At most 1.6 times the templates beside the fields, loaded at once and grown face by face."""
    count, dimension = 20_000, 128
    templates = crowd(count, dimension)
    definitions = {"number": {"type": "long"}, "ratio": {"type": "double"}, "city": {}}
    texts = [json.dumps({"number": n, "ratio": n / 7, "city": f"city {n % 50}"}) for n in range(count)]
    for pieces in (1, 64):
        tracemalloc.start()
        index = TemplateIndex(definitions)
        for seqs in np.array_split(np.arange(count), pieces):
            if pieces == 1:
                index.reserve(count, dimension)
            ids = [f"image-{seq:06d}" for seq in seqs]
            values = [json.loads(texts[seq]) for seq in seqs]
            rows = templates[seqs].astype(TEMPLATE_TYPE)
            index.apply(Changes(seqs, rows, ids, values, np.empty(0, np.int64)))
            del ids, values, rows
        counted = tracemalloc.get_traced_memory()[0] / count
        tracemalloc.stop()
        template = index._templates.nbytes / count  # FAISS's own memory, which Python's allocator does not see
        number, ratio, city = 8, 8, 4
        image_id = sys.getsizeof("image-000000") + 4 + 100  # the string, its code, their place in a dictionary
        fields = number + ratio + city + image_id
        assert template + counted <= 1.6 * 2 * dimension + fields
        assert template + counted >= 2 * dimension + number + ratio + city  # nothing escaped the measure
        assert index.nbytes / count == pytest.approx(template + counted, rel=0.25)


def gallery_bytes(repository: FaceRepository, set_id: int) -> int:
    galleries = Galleries.in_memory(repository, MEMORY)
    found(galleries, set_id, unit(0), 1)
    return galleries.loaded_bytes[set_id]


def test_indexes_used_longest_ago_leave_when_memory_is_short(repository: FaceRepository) -> None:
    sets = [new_set(repository, f"s{number}") for number in range(4)]
    for set_id in sets:
        repository.add(set_id, [face(1000 * set_id + number) for number in range(100)])
    one = gallery_bytes(repository, sets[0])
    galleries = Galleries.in_memory(repository, int(2.5 * one))
    for set_id in sets[:3]:
        found(galleries, set_id, unit(0), 1)
    assert list(galleries.loaded_bytes) == sets[1:3]
    found(galleries, sets[1], unit(0), 1)
    found(galleries, sets[3], unit(0), 1)
    assert list(galleries.loaded_bytes) == [sets[1], sets[3]]
    assert sum(galleries.loaded_bytes.values()) <= 2.5 * one
    probe = 1000 * sets[0] + 5
    assert found(galleries, sets[0], unit(probe), 1) == [f"{probe:08d}"]  # back from the database


def test_the_index_used_last_stays_however_large(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, 1)
    repository.add(set_id, [face(number) for number in range(100)])
    assert found(galleries, set_id, unit(3), 1) == ["00000003"]
    assert list(galleries.loaded_bytes) == [set_id]


def test_an_index_in_use_is_never_dropped(repository: FaceRepository) -> None:
    used, other = new_set(repository, "used"), new_set(repository, "other")
    for set_id in (used, other):
        repository.add(set_id, [face(1000 * set_id + number) for number in range(100)])
    galleries = Galleries.in_memory(repository, 1)
    with galleries._backend.indexes.up_to_date(used) as (_, index):
        found(galleries, other, unit(0), 1)
        assert list(galleries.loaded_bytes) == [used, other]
        assert index.nearest(unit(1000 * used), 1)[0].size == 1
    assert list(galleries.loaded_bytes) == [other]


def test_an_index_whose_loading_failed_is_loaded_anew(
    repository: FaceRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, MEMORY)
    repository.add(set_id, [face(number) for number in range(10)])
    apply = TemplateIndex.apply

    def failing(index: TemplateIndex, changes: Changes) -> None:
        apply(index, changes)
        if changes.seqs.size:
            raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(TemplateIndex, "apply", failing)
        with pytest.raises(MemoryError):
            found(galleries, set_id, unit(3), 1)
    repository.delete(set_id, Match(face_id="00000003"))
    assert "00000003" not in found(galleries, set_id, unit(3), 10)
    assert len(found(galleries, set_id, unit(3), 10)) == 9


def test_a_deletion_by_filter_sees_every_write_before_it(repository: FaceRepository) -> None:
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
    made = repository.find_set(PROJECT, "s")
    assert made is not None
    assert made.face_number == 30
    assert len(found(galleries, set_id, unit(0), 100)) == 30


def test_two_columns_of_strings_forget_what_no_face_has_any_more() -> None:
    index = loaded(crowd(10), [{}] * 10, {"city": {}})
    for round_ in range(20):
        cities = [{"city": f"city {round_} {number}"} for number in range(1000)]
        seqs = np.arange(1000 * (round_ + 1), 1000 * (round_ + 2))
        rows = crowd(1000).astype(TEMPLATE_TYPE)
        index.apply(Changes(seqs, rows, [f"{seq}" for seq in seqs], cities, seqs - 1000))
        assert index.matching(Equal("city", f"city {round_} 7")).tolist() == [seqs[7]]
        assert index.matching(Equal("external_image_id", f"{seqs[8]}")).tolist() == [seqs[8]]
        assert index.matching(Equal("city", f"city {round_ - 1} 7")).size == 0
    assert len(index) == 1000
    assert index.nbytes < 2_000_000


def test_templates_made_anew_are_found_in_place_of_the_old_ones() -> None:
    index = loaded(crowd(50), [{}] * 50, {})
    anew = NewFace("x", "x", face(0).box, {}, unit(99))
    row = anew.template.astype(TEMPLATE_TYPE)[None]
    index.apply(Changes(np.array([20]), row, ["x"], [{}], np.empty(0, np.int64)))
    assert index.nearest(unit(99), 1)[0].tolist() == [20]
    assert len(index) == 50
