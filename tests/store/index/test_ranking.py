"""Searches with normalised scores equal a brute-force ranking by the final similarity."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openfrs.recognition.scale import Scale
from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.faces.predicate import Between, Predicate
from openfrs.store.index.flat import TemplateIndex
from openfrs.store.index.ranking import Judge
from openfrs.store.index.scoring import COSINES, similarities_to
from openfrs.store.index.search import distinct
from tests.support.cohorts import Templates, exact_rank, make_cohort, make_scale, unit_rows

DIMENSION = 20  # rows are padded to 32 numbers
WEIGHTS = st.sampled_from([0.0, 0.25, 0.5, 1.0])
NONE = np.empty(0, np.int64)


def scale_of(weight: float, dimension: int = DIMENSION) -> Scale:
    return make_scale(make_cohort(dimension, weight=weight))


def stored(templates: npt.NDArray[np.floating]) -> Templates:
    """Return templates as an index holds them."""
    return np.asarray(templates.astype(TEMPLATE_TYPE), np.float32)


def build_index(scale: Any, templates: Templates) -> TemplateIndex:
    index = TemplateIndex({"number": {"type": "long"}}, scale)
    count = len(templates)
    fields = [{"number": number} for number in range(count)]
    index.apply(Changes(np.arange(count), templates.astype(TEMPLATE_TYPE), [""] * count, fields, NONE))
    return index


def expected(scale: Any, templates: Templates, probe: Templates, seqs: Any, count: int) -> list[tuple[int, float]]:
    """Return the sequence numbers and similarities of the best faces: by similarity, score and age."""
    ranks = {int(seq): exact_rank(scale, template, probe) for seq, template in zip(seqs, templates[seqs], strict=True)}
    order = sorted(ranks, key=lambda seq: (-ranks[seq][0], -ranks[seq][1], seq))
    return [(seq, ranks[seq][0]) for seq in order[:count]]


def found(index: TemplateIndex, probe: Templates, count: int, predicate: Predicate | None = None) -> Any:
    neighbours = index.nearest(probe, count, predicate)
    return list(zip(neighbours.seqs.tolist(), neighbours.similarities.tolist(), strict=True))


@st.composite
def galleries(draw: st.DrawFn) -> Templates:
    """Draw strangers, faces of a dense kind, near-duplicates at all cosines above 0.9, and exact copies."""
    generator = np.random.default_rng(draw(st.integers(0, 999)))
    parts = [
        unit_rows(draw(st.integers(0, 60)), DIMENSION, 1),
        unit_rows(draw(st.integers(0, 60)), DIMENSION, 2, spread=0.05),
    ]
    for base in unit_rows(draw(st.integers(0, 4)), DIMENSION, 0, spread=draw(st.sampled_from([0.05, 0.3, 1.0]))):
        noise = generator.normal(size=(draw(st.integers(1, 40)), DIMENSION))
        parts += [base + noise * draw(st.sampled_from([0.0, 1e-3, 0.02, 0.08]))]
    rows = np.concatenate(parts)
    rows = rows[generator.permutation(len(rows))]
    return stored(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@settings(max_examples=150, deadline=None)
@given(galleries(), WEIGHTS, st.data())
def test_a_search_equals_a_brute_force_ranking(templates: Templates, weight: float, data: st.DataObject) -> None:
    scale = scale_of(weight)
    index = build_index(scale, templates)
    strangers = unit_rows(5, DIMENSION, 3, spread=0.3)
    bases = unit_rows(4, DIMENSION, 0, spread=data.draw(st.sampled_from([0.05, 0.3, 1.0])))
    probe = data.draw(st.sampled_from([*strangers, *bases, *templates[:5]]))
    count = data.draw(st.sampled_from([0, 1, 2, 10, 1000]))
    predicate = data.draw(st.none() | st.builds(Between, st.just("number"), st.integers(0, 80), st.integers(0, 200)))
    seqs = np.arange(len(templates)) if predicate is None else index.matching(predicate)
    assert found(index, probe, count, predicate) == expected(scale, templates, probe, seqs, count)


@settings(max_examples=50, deadline=None)
@given(galleries(), WEIGHTS, st.data())
def test_deletions_and_updates_keep_searches_exact(templates: Templates, weight: float, data: st.DataObject) -> None:
    scale, count = scale_of(weight), len(templates)
    index = build_index(scale, templates)
    deleted = np.array(data.draw(st.lists(st.integers(0, max(0, count - 1)), unique=True)), np.int64)
    index.apply(Changes.deletions(deleted))
    kept = np.setdiff1d(np.arange(count), deleted)
    changed = kept[: data.draw(st.integers(0, 20))]
    templates = templates.copy()
    templates[changed] = stored(unit_rows(len(changed), DIMENSION, 7, spread=0.1))
    fields = [{"number": int(number)} for number in changed]
    index.apply(Changes(changed, templates[changed].astype(TEMPLATE_TYPE), [""] * len(changed), fields, NONE))
    for probe in unit_rows(3, DIMENSION, 0, spread=0.3):
        assert found(index, probe, 10) == expected(scale, templates, probe, kept, 10)


@pytest.mark.parametrize("weight", [0.25, 1.0])
@pytest.mark.parametrize("predicate", [None, Between("number", 0, 2999), Between("number", 0, 199)])
def test_a_large_set_is_searched_exactly(weight: float, predicate: Predicate | None) -> None:
    scale = scale_of(weight, 128)
    dense, people = unit_rows(3000, 128, 1, spread=0.05), unit_rows(3000, 128, 2)
    near = dense[:500] + np.random.default_rng(3).normal(size=(500, 128)) * 1e-3
    templates = stored(np.concatenate([dense, people, near / np.linalg.norm(near, axis=1, keepdims=True)]))
    templates = templates[np.random.default_rng(4).permutation(len(templates))]
    index = build_index(scale, templates)
    seqs = np.arange(len(templates)) if predicate is None else index.matching(predicate)
    for probe in (dense[0], people[0], dense[700], unit_rows(1, 128, 9)[0]):
        for count in (1, 10, 100):
            assert found(index, probe, count, predicate) == expected(scale, templates, probe, seqs, count)


def test_rows_without_biases_are_as_long_as_templates() -> None:
    templates = stored(unit_rows(100, 128, 0))
    assert build_index(COSINES, templates)._templates.shape[1] == 128
    assert build_index(scale_of(0.5, 128), templates)._templates.shape[1] == 144
    plain = make_scale(None)
    assert build_index(plain, templates)._templates.shape[1] == 128
    assert found(build_index(plain, templates), templates[3], 1)[0] == (3, pytest.approx(1, abs=1e-4))


def test_the_template_of_a_face_has_no_bias() -> None:
    templates = stored(unit_rows(10, DIMENSION, 0))
    index = build_index(scale_of(1.0), templates)
    assert index.template(4).tolist() == templates[4].tolist()


@settings(deadline=None)
@given(WEIGHTS, st.integers(0, 99), st.floats(0.02, 1))
def test_a_comparison_agrees_with_a_search(weight: float, seed: int, spread: float) -> None:
    scale = scale_of(weight)
    first, second = stored(unit_rows(2, DIMENSION, seed, spread=spread))
    neighbours = build_index(scale, second[None]).nearest(first, 1)
    (similarity,) = neighbours.similarities.tolist()
    assert round(similarity, 4) == scale.compare(first, second) == scale.compare(second, first)
    assert similarities_to(scale, second[None], first).tolist() == [similarity]


@settings(deadline=None)
@given(WEIGHTS, st.integers(0, 99), st.floats(0.01, 1), st.floats(1e-4, 0.2))
def test_no_face_exceeds_the_largest_cosine_for_its_score(
    weight: float, seed: int, spread: float, noise: float
) -> None:
    scale = scale_of(weight)
    probe = unit_rows(1, DIMENSION, seed, spread=spread)[0]
    rows = probe + np.random.default_rng(seed).normal(size=(50, DIMENSION)) * noise
    templates = stored(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    judge = Judge(scale, probe, -weight)
    for template in templates:
        cosine = float(template @ probe)
        _, score = exact_rank(scale, template, probe)
        assert cosine <= judge.largest_cosine(score + 1e-5) + 1e-6


@given(WEIGHTS, st.integers(0, 99))
def test_distinct_templates_are_kept_by_their_similarity(weight: float, seed: int) -> None:
    scale = scale_of(weight)
    rows = unit_rows(12, DIMENSION, seed, spread=0.1)
    templates = [*rows, *rows[:4]]
    kept: list[int] = []
    for position, template in enumerate(templates):
        if all(exact_rank(scale, stored(templates[other]), template)[0] < 0.93 for other in kept):
            kept.append(position)
    assert distinct(templates, range(len(templates)), 0.93, scale) == kept
    assert max(kept, default=0) < 12


@pytest.mark.parametrize("predicate", [None, Between("number", 0, 1199), Between("number", 0, 199)])
@pytest.mark.parametrize("copies", [1, 60])
def test_almost_equal_templates_are_found_although_their_scores_are_low(
    predicate: Predicate | None, copies: int
) -> None:
    """The probe is the only centroid, so cosine and bias cancel each other out and all scores are about equal."""
    probe = unit_rows(1, DIMENSION, 5)[0]
    cohort = make_cohort(DIMENSION, weight=1.0)
    cohort = replace(cohort, centroids=probe[None].astype(np.float32), faces=cohort.faces[:1], neighbours=1)
    scale = make_scale(cohort)
    near = probe + np.random.default_rng(6).normal(size=(copies, DIMENSION)) * 0.02
    templates = np.concatenate([unit_rows(2000, DIMENSION, 7), near / np.linalg.norm(near, axis=1, keepdims=True)])
    templates = stored(templates[np.random.default_rng(8).permutation(len(templates))])
    index = build_index(scale, templates)
    seqs = np.arange(len(templates)) if predicate is None else index.matching(predicate)
    for count in (1, 10, 100):
        results = found(index, probe, count, predicate)
        assert results == expected(scale, templates, probe, seqs, count)
    assert predicate is not None or results[0][1] > 0.9
