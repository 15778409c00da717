"""Searches of an index equal a brute-force scan of the stored templates."""

import json
import sys
import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest

from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.faces.predicate import And, Between, Equal, Not, Predicate
from openfrs.store.index.flat import TemplateIndex
from tests.support.galleries import DIMENSION, unit


def build_index(
    templates: npt.NDArray[np.float32], fields: list[dict[str, object]], definitions: dict[str, dict[str, str]]
) -> TemplateIndex:
    """Return an index of templates of shape (n, dimension); the sequence numbers are the row numbers."""
    index, count = TemplateIndex(definitions), len(templates)
    index.reserve(count, templates.shape[1])
    ids = [f"image-{number}" for number in range(count)]
    deleted = np.empty(0, np.int64)
    index.apply(Changes(np.arange(count), templates.astype(TEMPLATE_TYPE), ids, fields, deleted))  # type: ignore[arg-type]
    return index


def random_templates(count: int, dimension: int = DIMENSION) -> npt.NDArray[np.float32]:
    """Return random unit vectors in half precision, shape (count, dimension)."""
    templates = np.random.default_rng(1).normal(size=(count, dimension)).astype(np.float32)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    return np.asarray(templates.astype(np.float16), np.float32)


COUNT = 5000


@pytest.mark.parametrize("count", [1, 10, 100, 1000, COUNT])
@pytest.mark.parametrize(
    "predicate",
    [
        None,
        Equal("number", 7),  # 1 in 1000
        Between("number", None, 9),  # 1 in 100
        Between("number", 0, 150),
        Between("number", None, 499),  # half
        Not(Equal("number", 7)),
        And((Equal("far", True), Between("number", 0, 900))),  # only the faces farthest from the probe
        Equal("far", False),
        Between("number", 0, 999),  # all
        Equal("number", -1),  # none
    ],
)
def test_a_filtered_search_equals_a_scan_of_the_matching_faces(count: int, predicate: Predicate | None) -> None:
    templates = random_templates(COUNT)
    probe = templates[17]
    cosines = templates @ probe
    numbers, far = np.arange(COUNT) % 1000, cosines < np.median(cosines)
    fields: list[dict[str, object]] = [{"number": int(n), "far": bool(f)} for n, f in zip(numbers, far, strict=True)]
    index = build_index(templates, fields, {"number": {"type": "long"}, "far": {"type": "boolean"}})
    matching = np.arange(COUNT) if predicate is None else index.matching(predicate)
    seqs, actual, _ = index.nearest(probe, count, predicate)
    assert seqs.size == min(count, matching.size)
    assert set(seqs.tolist()) <= set(matching.tolist())
    assert actual == pytest.approx(np.sort(cosines[matching])[::-1][:count], abs=1e-6)
    assert cosines[seqs] == pytest.approx(actual, abs=1e-6)


@pytest.mark.parametrize(
    "predicate", [None, Between("number", 0, 49), Between("number", 0, 3), Not(Equal("number", 3))]
)
def test_the_oldest_of_many_equally_near_faces_are_found(predicate: Predicate | None) -> None:
    templates = random_templates(4000)
    probe, nearest = unit(5).astype(np.float16), [3801, 3803, 3805, 3899, 3999]
    templates[::2] = 0.8 * probe + 0.2 * templates[0]  # half of the faces are one person
    templates[nearest] = probe  # nearer than all of that person's faces, but the last ones
    fields: list[dict[str, object]] = [{"number": number // 2 % 100} for number in range(4000)]
    index = build_index(templates, fields, {"number": {"type": "long"}})
    matching = list(range(4000)) if predicate is None else index.matching(predicate).tolist()
    expected = [seq for seq in matching if seq in nearest] + [seq for seq in matching if seq % 2 == 0]
    for count in (1, 2, 7, 17, 300):
        seqs, cosines, _ = index.nearest(probe.astype(np.float32), count, predicate)
        assert seqs.tolist()[: len(expected)] == expected[:count]
        assert cosines.tolist() == sorted(cosines.tolist(), reverse=True)


def test_deletions_leave_no_template_in_memory_and_release_memory() -> None:
    templates = random_templates(1000)
    index = build_index(templates, [{}] * 1000, {})
    before = index._templates.nbytes
    deleted = np.random.default_rng(2).permutation(1000)[:900]
    for seqs in (deleted[:1], deleted[1:2], deleted[2:700], deleted[700:]):
        index.apply(Changes.deletions(seqs))
    rows = index._templates.tobytes()
    kept = np.setdiff1d(np.arange(1000), deleted)
    assert all(templates[seq].astype(TEMPLATE_TYPE).tobytes() not in rows for seq in deleted)
    assert all(templates[seq].astype(TEMPLATE_TYPE).tobytes() in rows for seq in kept)
    assert sorted(index.nearest(templates[0], 1000)[0].tolist()) == kept.tolist()
    assert index._templates.nbytes < before / 2


def test_an_index_is_little_larger_than_its_templates_and_fields() -> None:
    """At most 1.6 times the size of the templates plus the fields, whether loaded at once or in 64 pieces."""
    count, dimension = 20_000, 128
    templates = random_templates(count, dimension)
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
        traced = tracemalloc.get_traced_memory()[0] / count
        tracemalloc.stop()
        template = index._templates.nbytes / count  # FAISS allocates this memory, so tracemalloc does not see it
        number, ratio, city = 8, 8, 4
        image_id = sys.getsizeof("image-000000") + 4 + 100  # the string, its code and its dictionary entry
        fields = number + ratio + city + image_id
        assert template + traced <= 1.6 * 2 * dimension + fields
        assert template + traced >= 2 * dimension + number + ratio + city  # everything was traced
        assert index.nbytes / count == pytest.approx(template + traced, rel=0.25)


def test_string_columns_remove_unused_strings() -> None:
    index = build_index(random_templates(10), [{}] * 10, {"city": {}})
    for step in range(20):
        cities = [{"city": f"city {step} {number}"} for number in range(1000)]
        seqs = np.arange(1000 * (step + 1), 1000 * (step + 2))
        rows = random_templates(1000).astype(TEMPLATE_TYPE)
        index.apply(Changes(seqs, rows, [f"{seq}" for seq in seqs], cities, seqs - 1000))
        assert index.matching(Equal("city", f"city {step} 7")).tolist() == [seqs[7]]
        assert index.matching(Equal("external_image_id", f"{seqs[8]}")).tolist() == [seqs[8]]
        assert index.matching(Equal("city", f"city {step - 1} 7")).size == 0
    assert len(index) == 1000
    assert index.nbytes < 2_000_000


def test_a_changed_template_replaces_the_old_one() -> None:
    index = build_index(random_templates(50), [{}] * 50, {})
    row = unit(99).astype(TEMPLATE_TYPE)[None]
    index.apply(Changes(np.array([20]), row, ["x"], [{}], np.empty(0, np.int64)))
    assert index.nearest(unit(99), 1)[0].tolist() == [20]
    assert len(index) == 50
