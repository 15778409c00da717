"""The cache of indexes: eviction by size, and recovery from a failed load."""

import pytest

from openfrs.store.faces.changes import Changes
from openfrs.store.faces.models import Match
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.flat import TemplateIndex
from openfrs.store.index.search import Galleries
from tests.support.galleries import MEMORY, face, new_set, search_ids, unit


def index_bytes(repository: FaceRepository, set_id: int) -> int:
    galleries = Galleries.in_memory(repository, MEMORY)
    search_ids(galleries, set_id, unit(0), 1)
    return galleries.loaded_bytes[set_id]


def test_the_least_recently_used_indexes_are_evicted(repository: FaceRepository) -> None:
    sets = [new_set(repository, f"s{number}") for number in range(4)]
    for set_id in sets:
        repository.add(set_id, [face(1000 * set_id + number) for number in range(100)])
    size = index_bytes(repository, sets[0])
    galleries = Galleries.in_memory(repository, int(2.5 * size))
    for set_id in sets[:3]:
        search_ids(galleries, set_id, unit(0), 1)
    assert list(galleries.loaded_bytes) == sets[1:3]
    search_ids(galleries, sets[1], unit(0), 1)
    search_ids(galleries, sets[3], unit(0), 1)
    assert list(galleries.loaded_bytes) == [sets[1], sets[3]]
    assert sum(galleries.loaded_bytes.values()) <= 2.5 * size
    probe = 1000 * sets[0] + 5
    assert search_ids(galleries, sets[0], unit(probe), 1) == [f"{probe:08d}"]  # loaded again


def test_the_most_recently_used_index_stays_whatever_its_size(repository: FaceRepository) -> None:
    set_id, galleries = new_set(repository), Galleries.in_memory(repository, 1)
    repository.add(set_id, [face(number) for number in range(100)])
    assert search_ids(galleries, set_id, unit(3), 1) == ["00000003"]
    assert list(galleries.loaded_bytes) == [set_id]


def test_an_index_in_use_is_never_evicted(repository: FaceRepository) -> None:
    used, other = new_set(repository, "used"), new_set(repository, "other")
    for set_id in (used, other):
        repository.add(set_id, [face(1000 * set_id + number) for number in range(100)])
    galleries = Galleries.in_memory(repository, 1)
    with galleries._backend.indexes.up_to_date(used) as (_, index):
        search_ids(galleries, other, unit(0), 1)
        assert list(galleries.loaded_bytes) == [used, other]
        assert index.nearest(unit(1000 * used), 1)[0].size == 1
    assert list(galleries.loaded_bytes) == [other]


def test_an_index_that_failed_to_load_is_loaded_again(
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
            search_ids(galleries, set_id, unit(3), 1)
    repository.delete(set_id, Match(face_id="00000003"))
    assert "00000003" not in search_ids(galleries, set_id, unit(3), 10)
    assert len(search_ids(galleries, set_id, unit(3), 10)) == 9
