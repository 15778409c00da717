"""Search is exact: every answer is held against a scan of all templates in numpy."""

import random

import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.recognition.similarity import calibration
from tests.support.fake_models import FakePipeline, embedding_of
from tests.support.projects import PEOPLE, Person, Project

NOISE = 1e-6
"""What the order of a float's summation may change about a cosine."""


class Oracle:
    """The people enrolled, and search by scanning all of them."""

    def __init__(self) -> None:
        self.enrolled: dict[str, Person] = {}

    def check(self, found: list[tuple[str, float]], probe: Person, top_n: int, threshold: float) -> None:
        """Hold a search's answer to what a scan gives."""
        scale = calibration("sface")
        ids = list(self.enrolled)
        stored = np.array([embedding_of(person) for person in self.enrolled.values()], np.float16).astype(np.float32)
        cosines = dict(
            zip(ids, (stored.reshape(-1, FakePipeline.dimension) @ embedding_of(probe)).tolist(), strict=True)
        )
        shown = {face_id: scale.similarity(cosine) for face_id, cosine in cosines.items()}
        best = sorted(cosines.values(), reverse=True)
        assert len({face_id for face_id, _ in found}) == len(found) <= top_n
        for place, (face_id, similarity) in enumerate(found):
            assert similarity == pytest.approx(shown[face_id], abs=1.01e-4)
            assert similarity >= threshold
            assert cosines[face_id] == pytest.approx(best[place], abs=NOISE)
        similarities = [similarity for _, similarity in found]
        assert similarities == sorted(similarities, reverse=True)
        if len(found) < top_n:
            left_out = cosines.keys() - {face_id for face_id, _ in found}
            assert all(shown[face_id] < threshold + 1.01e-4 for face_id in left_out)
            assert threshold > 0 or not left_out


def enrol(project: Project, oracle: Oracle, people: list[Person]) -> None:
    """Enrol people, six in a picture."""
    for start in range(0, len(people), 6):
        group = people[start : start + 6]
        faces = project.add(*group)
        oracle.enrolled.update(zip([face.face_id for face in faces], group, strict=True))


def test_search_is_exact_through_adding_and_deleting(project: Project) -> None:
    chance = random.Random(20)
    people = chance.sample(PEOPLE, 312)
    strangers = chance.sample(PEOPLE, 6)
    project.create()
    oracle = Oracle()

    def hold(probes: int) -> None:
        for probe in [*chance.sample(people, probes), chance.choice(strangers)]:
            for top_n, threshold in [(10, 0.0), (1, 0.0), (1000, 0.0), (50, 0.4), (1000, 0.7), (3, 0.93), (0, 0.0)]:
                oracle.check(project.search(probe, top_n=top_n, threshold=threshold), probe, top_n, threshold)

    hold(1)
    enrol(project, oracle, people[:156])
    hold(3)
    enrol(project, oracle, people[156:])
    assert project.count() == 312
    hold(4)
    for face_id in chance.sample(sorted(oracle.enrolled), 40):
        project.delete(face_id)
        del oracle.enrolled[face_id]
    hold(4)
    enrol(project, oracle, [people[0], *strangers[:2], people[0]])
    assert project.count() == 276
    hold(3)
    for face_id in sorted(oracle.enrolled):
        if chance.random() < 0.3:
            project.delete(face_id)
            del oracle.enrolled[face_id]
    hold(3)
    for face_id in chance.sample(sorted(oracle.enrolled), 10):
        probe = oracle.enrolled[face_id]
        found = project.search_face(face_id, top_n=20)
        assert found[0] == (face_id, 1.0)
        assert {one for one, _ in found} >= {
            one for one, similarity in project.search(probe, top_n=20) if similarity < 1
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


def test_a_face_of_another_set_is_no_probe_and_no_answer(project: Project) -> None:
    project.create()
    project.create("other")
    (face,) = project.add(PEOPLE[7], name="other")
    assert project.search(PEOPLE[7]) == []
    with pytest.raises(ServiceError) as refused:
        project.search_face(face.face_id)
    assert refused.value.entry.key == "FRS.0403"


def test_a_set_made_again_starts_empty_for_search_too(project: Project) -> None:
    project.create()
    project.add(PEOPLE[9])
    assert len(project.search(PEOPLE[9])) == 1
    project.services.face_sets.delete(project.id, "test")
    project.create()
    assert project.search(PEOPLE[9]) == []
    (face,) = project.add(PEOPLE[10])
    assert [one for one, _ in project.search(PEOPLE[9])] == [face.face_id]
