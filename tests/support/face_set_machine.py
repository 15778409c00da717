"""A state machine that performs random operations on a face set and compares searches with a plain list of its faces."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from openfrs.core.geometry import BoundingBox
from openfrs.store.db.base import Database
from openfrs.store.faces.models import Match, NewFace
from openfrs.store.faces.predicate import And, Between, Equal, FieldValue, Not, Or, Predicate
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import FaceMissingError, Query
from openfrs.store.index.scoring import Scoring
from openfrs.store.index.search import Galleries

from .cohorts import exact_rank, make_cohort, make_scale
from .databases import DatabaseLocation, open_database
from .galleries import DIMENSION, MEMORY, PROJECT, new_database, new_set, unit

FIELDS = {
    "text": {},
    "small": {"type": "integer"},
    "big": {"type": "long"},
    "ratio": {"type": "double"},
    "flag": {"type": "boolean"},
}
VALUES: Mapping[str, st.SearchStrategy[FieldValue]] = {
    "text": st.sampled_from(["a", "b", "c d", "é"]),
    "small": st.sampled_from([-(2**31), -1, 0, 1, 2, 2**31 - 1]),
    "big": st.sampled_from([-(2**63), -1, 0, 1, 2**53 + 1, 2**63 - 1]),
    "ratio": st.sampled_from([-1.5, -0.0, 0.0, 0.1, 1e300, 5e-324]),
    "flag": st.booleans(),
}
QUERIED: Mapping[str, st.SearchStrategy[Any]] = {
    **VALUES,
    "text": VALUES["text"] | st.just("never"),
    "small": VALUES["small"] | st.sampled_from([2**31, -(2**70)]),
    "big": VALUES["big"] | st.sampled_from([2**53, 2**63, -(2**70)]),
    "ratio": VALUES["ratio"] | st.sampled_from([float("inf"), 0.30000000000000004]),
    "external_image_id": st.sampled_from(["x", "y", "z", "never"]),
}
fields = st.fixed_dictionaries({}, optional=VALUES)
ids = st.sampled_from(["x", "y", "z"])
processes = st.integers(0, 2)
templates = st.integers(0, 9)  # few, so that many cosines are equal


def ranges(name: str) -> st.SearchStrategy[Predicate]:
    ends = st.none() | QUERIED[name]
    return st.builds(Between, st.just(name), ends, ends, st.booleans(), st.booleans())


predicates: st.SearchStrategy[Predicate] = st.recursive(
    st.one_of(
        *(st.builds(Equal, st.just(name), values) for name, values in QUERIED.items()),
        *(ranges(name) for name in ("small", "big", "ratio")),
    ),
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.builds(And, st.lists(parts, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(parts, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=4,
)


def matches(predicate: Predicate | None, values: Mapping[str, FieldValue]) -> bool:
    """Evaluate a predicate on the values of one face."""
    match predicate:
        case None:
            return True
        case Equal(field, value):
            return field in values and values[field] == value
        case Between(field, low, high, includes_low, includes_high):
            if field not in values:
                return False
            value = values[field]
            assert not isinstance(value, str)
            above = low is None or (value >= low if includes_low else value > low)
            return above and (high is None or (value <= high if includes_high else value < high))
        case Not(part):
            return not matches(part, values)
        case And(parts):
            return all(matches(part, values) for part in parts)
        case Or(parts):
            return any(matches(part, values) for part in parts)


@dataclass(frozen=True)
class Known:
    """A face in the plain list."""

    face_id: str
    external_image_id: str
    template: int
    fields: Mapping[str, FieldValue]

    @property
    def values(self) -> Mapping[str, FieldValue]:
        return {**self.fields, "external_image_id": self.external_image_id}


def stored(seed: int) -> npt.NDArray[np.float32]:
    """Return a template as it is stored, in half precision."""
    return unit(seed).astype(np.float16).astype(np.float32)


class FaceSetMachine(RuleBasedStateMachine):
    """One face set, several processes that use it, and a plain list of its faces in the order of enrolment.

    Each operation runs in a random process, as behind a load balancer.
    """

    def __init__(self, databases: Sequence[Database], names: Iterator[str], scoring: Scoring) -> None:
        super().__init__()
        self.scoring = scoring
        self.repositories = [FaceRepository(database) for database in databases]
        self.name = next(names)
        self.set_id = new_set(self.repositories[0], self.name, FIELDS)
        self.reopen()
        self.known: list[Known] = []
        self.created = 0

    def teardown(self) -> None:
        assert self.repositories[-1].delete_set(PROJECT, self.name) == self.set_id

    @rule(
        batch=st.lists(st.tuples(ids, templates, fields), min_size=1, max_size=8),
        copies=st.integers(1, 6),
        process=processes,
    )
    def add(self, batch: list[tuple[str, int, dict[str, FieldValue]]], copies: int, process: int) -> None:
        new = []
        for external_image_id, template, values in batch * copies:
            new.append(Known(f"{self.created:08d}", external_image_id, template, values))
            self.created += 1
        box = BoundingBox(0, 0, 1, 1)
        self.repositories[process].add(
            self.set_id,
            [NewFace(each.face_id, each.external_image_id, box, each.fields, unit(each.template)) for each in new],
        )
        self.known += new

    @precondition(lambda self: self.known)
    @rule(data=st.data(), external_image_id=st.none() | ids, values=fields, process=processes)
    def update(
        self, data: st.DataObject, external_image_id: str | None, values: dict[str, FieldValue], process: int
    ) -> None:
        position = data.draw(st.integers(0, len(self.known) - 1))
        old = self.known[position]
        repository = self.repositories[process]
        assert repository.update(self.set_id, old.face_id, external_image_id=external_image_id, fields=values)
        self.known[position] = replace(
            old, external_image_id=external_image_id or old.external_image_id, fields={**old.fields, **values}
        )

    @precondition(lambda self: self.known)
    @rule(data=st.data(), process=processes)
    def delete_one(self, data: st.DataObject, process: int) -> None:
        deleted_face = self.known.pop(data.draw(st.integers(0, len(self.known) - 1)))
        assert self.repositories[process].delete(self.set_id, Match(face_id=deleted_face.face_id)) == 1
        with pytest.raises(FaceMissingError):
            self.galleries[(process + 1) % PROCESSES].search_like(self.set_id, deleted_face.face_id, Query(1))

    @rule(value=ids, process=processes)
    def delete_by_external_image_id(self, value: str, process: int) -> None:
        deleted = self.repositories[process].delete(self.set_id, Match(external_image_id=value))
        self.remove_matching(Equal("external_image_id", value), deleted)

    @rule(predicate=predicates, process=processes)
    def delete_filtered(self, predicate: Predicate, process: int) -> None:
        self.remove_matching(predicate, self.galleries[process].delete(self.set_id, predicate))

    def remove_matching(self, predicate: Predicate, deleted: int) -> None:
        kept = [each for each in self.known if not matches(predicate, each.values)]
        assert deleted == len(self.known) - len(kept)
        self.known = kept

    @rule(
        probe=st.integers(0, 12), count=st.sampled_from([0, 1, 2, 3, 10, 1000]), predicate=st.none() | predicates,
        min_similarity=st.sampled_from([-1.0, 0.1, 0.5, 0.93]), process=processes,
    )  # fmt: skip
    def search(self, probe: int, count: int, predicate: Predicate | None, min_similarity: float, process: int) -> None:
        hits = self.galleries[process].search(self.set_id, unit(probe), Query(count, min_similarity, predicate))
        nearest = [
            each for each in self.nearest(unit(probe), predicate) if self.rank(each, unit(probe))[0] >= min_similarity
        ]
        assert [hit.face.face_id for hit in hits] == [each.face_id for each in nearest[:count]]
        for hit, each in zip(hits, nearest, strict=False):
            assert hit.similarity == self.rank(each, unit(probe))[0]
            assert (hit.face.external_image_id, hit.face.fields) == (each.external_image_id, each.fields)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), count=st.sampled_from([0, 1, 2, 10, 1000]), predicate=st.none() | predicates,
          process=processes)  # fmt: skip
    def search_like(self, data: st.DataObject, count: int, predicate: Predicate | None, process: int) -> None:
        probe = data.draw(st.sampled_from(self.known))
        hits = self.galleries[process].search_like(self.set_id, probe.face_id, Query(count, predicate=predicate))
        nearest = self.nearest(stored(probe.template), predicate)
        if probe in nearest:
            nearest.remove(probe)
            nearest.insert(0, probe)
        assert [hit.face.face_id for hit in hits] == [each.face_id for each in nearest[:count]]

    @rule()
    def reopen(self) -> None:
        """Restart the processes; the last one has no memory to keep an unused index in."""
        memory = [MEMORY] * (len(self.repositories) - 1) + [0]
        self.galleries = [self.open_galleries(*each) for each in enumerate(memory)]

    def open_galleries(self, process: int, memory: int) -> Galleries:
        return Galleries.in_memory(self.repositories[process], memory, scoring=self.scoring)

    @invariant()
    def the_face_count_is_correct(self) -> None:
        if hasattr(self, "known"):
            face_set = self.repositories[-1].find_set(PROJECT, self.name)
            assert face_set is not None
            assert face_set.face_number == len(self.known)

    def rank(self, each: Known, probe: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Return the similarity and the score of a face."""
        return exact_rank(self.scoring, stored(each.template), probe)

    def nearest(self, probe: npt.NDArray[np.float32], predicate: Predicate | None) -> list[Known]:
        """Return the faces that match a predicate, nearest first, then oldest first: the sort is stable."""
        matching = [each for each in self.known if matches(predicate, each.values)]
        return sorted(matching, key=lambda each: self.rank(each, probe), reverse=True)


PROCESSES = 3
NORMALIZED = make_scale(make_cohort(DIMENSION, weight=1.0))
"""Scores with large biases, so that almost equal templates often rank before higher scores."""


@contextmanager
def processes_over(location: DatabaseLocation) -> Iterator[list[Database]]:
    """Open a database as several processes do."""
    with ExitStack() as stack:
        databases = [stack.enter_context(closing(new_database(location)))]
        yield databases + [stack.enter_context(closing(open_database(location))) for _ in range(PROCESSES - 1)]


def run(machine: Any, databases: Sequence[Database], *arguments: Any, examples: int = 30) -> None:
    """Run a state machine, each example with a new face set."""
    names = (f"s{number}" for number in itertools.count())
    run_state_machine_as_test(
        cast("Any", partial(machine, databases, names, *arguments)),
        settings=settings(max_examples=examples, stateful_step_count=30, deadline=None),
    )
