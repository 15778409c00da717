"""Capacity of face sets."""

import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.store.faces.models import NewFace
from openfrs.store.faces.repository import FaceRepository
from tests.support.fake_models import FakePipeline
from tests.support.projects import PEOPLE, Project


def fill(project: Project, count: int) -> None:
    """Enrol faces directly through the repository."""
    template = np.full(FakePipeline.dimension, FakePipeline.dimension**-0.5, np.float32)
    faces = [NewFace(f"{place:08}", "a", BoundingBox(0, 0, 1, 1), {}, template) for place in range(count)]
    set_id = project.services.face_sets.require(project.id, "test").id
    FaceRepository(project.services._database).add(set_id, faces)


def refusal(project: Project, *people: tuple[int, int, int]) -> str:
    with pytest.raises(ServiceError) as refused:
        project.add(*people)
    assert refused.value.entry.key == "FRS.0012"
    return refused.value.message


def test_a_full_set_enrols_all_faces_of_an_image_or_none(project: Project) -> None:
    project.create(capacity=10_000)
    fill(project, 9_998)
    message = refusal(project, *PEOPLE[:3])
    assert "face_set_name" in message
    assert "10000" in message
    assert "2 more" in message
    assert project.count() == 9_998
    project.add(*PEOPLE[:3], single=True)
    refusal(project, *PEOPLE[:2])
    (face,) = project.add(PEOPLE[0])
    assert project.count() == 10_000
    assert "0 more" in refusal(project, PEOPLE[0])
    assert project.count() == 10_000
    project.delete(face.face_id)
    project.add(PEOPLE[1])
    assert project.count() == 10_000
    window = project.services.faces.list_faces(project.id, "test", 9_990, 10)[1]
    assert len(window) == 10
    assert [face.external_image_id for face in window[:8]] == ["a"] * 8


def test_a_maximum_below_the_default_capacity_limits_the_default(project: Project) -> None:
    project.create(max_capacity=20_000)
    assert project.services.face_sets.require(project.id, "test").capacity == 20_000
    with pytest.raises(ServiceError):
        project.create("larger", capacity=30_000, max_capacity=20_000)
