"""Exactness of search, compared with a scan of all templates in NumPy."""

import random

import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.recognition.scale import load_scale
from tests.support.fake_models import embedding_of
from tests.support.projects import PEOPLE, Person, Project


class Oracle:
    """The enrolled people, and search by a scan over all of them."""

    def __init__(self) -> None:
        self.enrolled: dict[str, Person] = {}

    def check(self, results: list[tuple[str, float]], probe: Person, top_n: int, threshold: float) -> None:
        """Compare the results of a search with those of a scan."""
        scale = load_scale("sface")
        stored = {
            face_id: embedding_of(person).astype(np.float16).astype(np.float32)
            for face_id, person in self.enrolled.items()
        }
        expected = {face_id: scale.compare(template, embedding_of(probe)) for face_id, template in stored.items()}
        best = sorted(expected.values(), reverse=True)
        assert len({face_id for face_id, _ in results}) == len(results) <= top_n
        for rank, (face_id, similarity) in enumerate(results):
            assert similarity == expected[face_id] == best[rank]
            assert similarity >= threshold
        similarities = [similarity for _, similarity in results]
        assert similarities == sorted(similarities, reverse=True)
        if len(results) < top_n:
            left_out = expected.keys() - {face_id for face_id, _ in results}
            assert all(expected[face_id] < threshold for face_id in left_out)
            assert threshold > 0 or not left_out


def enrol(project: Project, oracle: Oracle, people: list[Person]) -> None:
    """Enrol people, six per image."""
    for start in range(0, len(people), 6):
        group = people[start : start + 6]
        faces = project.add(*group)
        oracle.enrolled.update(zip([face.face_id for face in faces], group, strict=True))


@pytest.mark.fuzz
def test_search_is_exact_after_enrolment_and_deletion(project: Project) -> None:
    rng = random.Random(20)
    people = rng.sample(PEOPLE, 312)
    unenrolled = rng.sample(PEOPLE, 6)
    project.create()
    oracle = Oracle()

    def check_probes(probes: int) -> None:
        for probe in [*rng.sample(people, probes), rng.choice(unenrolled)]:
            for top_n, threshold in [(10, 0.0), (1, 0.0), (1000, 0.0), (50, 0.4), (1000, 0.7), (3, 0.93), (0, 0.0)]:
                oracle.check(project.search(probe, top_n=top_n, threshold=threshold), probe, top_n, threshold)

    check_probes(1)
    enrol(project, oracle, people[:156])
    check_probes(3)
    enrol(project, oracle, people[156:])
    assert project.count() == 312
    check_probes(4)
    for face_id in rng.sample(sorted(oracle.enrolled), 40):
        project.delete(face_id)
        del oracle.enrolled[face_id]
    check_probes(4)
    enrol(project, oracle, [people[0], *unenrolled[:2], people[0]])
    assert project.count() == 276
    check_probes(3)
    for face_id in sorted(oracle.enrolled):
        if rng.random() < 0.3:
            project.delete(face_id)
            del oracle.enrolled[face_id]
    check_probes(3)
    for face_id in rng.sample(sorted(oracle.enrolled), 10):
        probe = oracle.enrolled[face_id]
        results = project.search_face(face_id, top_n=20)
        assert results[0] == (face_id, 1.0)
        assert {result_id for result_id, _ in results} >= {
            result_id for result_id, similarity in project.search(probe, top_n=20) if similarity < 1
        }


def test_every_write_is_seen_by_the_next_search(project: Project) -> None:
    project.create()
    first, second = PEOPLE[100], PEOPLE[2000]
    for _ in range(5):
        (face,) = project.add(first)
        assert project.search(first, threshold=0.93) == [(face.face_id, 1.0)]
        assert project.search(second, threshold=0.93) == []
        project.delete(face.face_id)
        assert project.search(first) == []


def test_equally_similar_faces_come_in_the_order_of_their_enrolment(project: Project) -> None:
    project.create()
    twins = [project.add(PEOPLE[5])[0].face_id for _ in range(7)]
    assert project.search(PEOPLE[5], threshold=0.93) == [(face_id, 1.0) for face_id in twins]
    project.delete(twins.pop(2))
    assert project.search(PEOPLE[5], threshold=0.93) == [(face_id, 1.0) for face_id in twins]
    assert project.search_face(twins[3], threshold=1.0)[0] == (twins[3], 1.0)


def test_a_face_of_another_set_is_neither_probe_nor_result(project: Project) -> None:
    project.create()
    project.create("other")
    (face,) = project.add(PEOPLE[7], name="other")
    assert project.search(PEOPLE[7]) == []
    with pytest.raises(ServiceError) as refused:
        project.search_face(face.face_id)
    assert refused.value.entry.key == "FRS.0403"


def test_search_in_a_recreated_set_finds_no_old_faces(project: Project) -> None:
    project.create()
    project.add(PEOPLE[9])
    assert len(project.search(PEOPLE[9])) == 1
    project.services.face_sets.delete(project.id, "test")
    project.create()
    assert project.search(PEOPLE[9]) == []
    (face,) = project.add(PEOPLE[10])
    assert [face_id for face_id, _ in project.search(PEOPLE[9])] == [face.face_id]
