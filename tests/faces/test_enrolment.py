"""Enrolment with a policy agrees with the check of the policy."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core.errors import ServiceError
from openfrs.core.settings import Settings
from openfrs.faces.judgement import JudgedFace
from openfrs.faces.policy import RECOMMENDED_POLICY
from openfrs.media.decoding.image import EncodedImage
from openfrs.services import Services
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache
from tests.support.fake_models import photo
from tests.support.fuzzing import fuzz
from tests.support.projects import PEOPLE, Person, Project

LIMITS: dict[str, st.SearchStrategy[Any]] = {
    "single_face": st.booleans(),
    "max_faces": st.integers(1, 3),
    "min_face_size": st.integers(100, 190),
    "max_blur": st.floats(0, 1),
    "min_quality": st.floats(0.3, 1),
    "max_yaw": st.floats(0, 180),
    "duplicate_similarity": st.floats(0.5, 1),
}


def checked(
    project: Project, image: bytes, values: dict[str, Any] | None = None, name: str = "test", *, single: bool = False
) -> list[JudgedFace]:
    async def work() -> list[JudgedFace]:
        encoded = EncodedImage(image, "image_file")
        _, faces = await project.services.policies.check_image(project.id, name, encoded, values, single=single)
        return faces

    return anyio.run(work)


def set_policy(project: Project, values: dict[str, Any], name: str = "test") -> None:
    project.services.policies.set_policy(project.id, name, values)


@fuzz(60)
@given(
    policy=st.fixed_dictionaries({}, optional=LIMITS),
    images=st.lists(st.lists(st.sampled_from(PEOPLE[::400]), min_size=1, max_size=4), min_size=1, max_size=4),
    single=st.booleans(),
)
def test_accepted_faces_are_enrolled(
    project: Project, policy: dict[str, Any], images: Sequence[Sequence[Person]], single: bool
) -> None:
    project.create()
    try:
        set_policy(project, policy)
        for people in images:
            before = project.count()
            faces = checked(project, photo(*people), single=single)
            accepted = [face.template.box for face in faces if not face.reasons]
            if accepted:
                assert [face.box for face in project.add(*people, single=single)] == accepted
            else:
                with pytest.raises(ServiceError) as refused:
                    project.add(*people, single=single)
                assert refused.value.entry.key == "FRS.0404/policy"
                reasons = set(refused.value.message.rpartition(": ")[2].split(", "))
                assert reasons <= {reason for face in faces for reason in face.reasons}
            assert project.count() == before + len(accepted)
    finally:
        project.services.face_sets.delete(project.id, "test")


def test_a_check_returns_the_duplicate(project: Project) -> None:
    project.create()
    set_policy(project, {"duplicate_false_match_rate": 1e-4})
    (anna,) = project.add(PEOPLE[0])
    (same,) = checked(project, photo(PEOPLE[0]))
    assert same.duplicate is not None
    assert (same.reasons, same.duplicate.face, same.duplicate.similarity) == (("DUPLICATE_PERSON",), anna, 1.0)
    (other,) = checked(project, photo(PEOPLE[1000]))
    assert (other.reasons, other.duplicate) == ((), None)


def test_of_two_faces_of_a_person_the_larger_is_enrolled(project: Project) -> None:
    project.create()
    set_policy(project, {"duplicate_similarity": 0.93})
    first, _, third = checked(project, photo(PEOPLE[0], PEOPLE[0], PEOPLE[1000]))
    enrolled = project.add(PEOPLE[0], PEOPLE[0], PEOPLE[1000])
    assert [face.box for face in enrolled] == [first.template.box, third.template.box]
    again = project.add(PEOPLE[0], PEOPLE[2000])
    assert [face.external_image_id for face in again] == [again[0].face_id]  # not that of the rejected face


def test_bystanders_are_not_enrolled(project: Project) -> None:
    project.create()
    image = np.zeros((240, 480, 3), np.uint8)
    image[20:200, 20:200] = PEOPLE[0]
    image[20:80, 240:300] = PEOPLE[1000]
    crowd = cv2.imencode(".png", image)[1].tobytes()
    for policy in ({}, {"max_faces": 5, "bystanders": True}):
        set_policy(project, policy)
        assert [face.reasons for face in checked(project, crowd)] == [(), ()]
    set_policy(project, {"max_faces": 5})
    assert [face.reasons for face in checked(project, crowd)] == [(), ("BYSTANDER",)]
    assert [face.reasons for face in checked(project, crowd, single=True)] == [()]


def test_bystanders_do_not_count_as_faces_to_enrol(project: Project) -> None:
    project.create()
    turned, frontal = (200, 40, 250), (40, 40, 90)
    set_policy(project, {"max_faces": 2})
    image = np.zeros((240, 600, 3), np.uint8)
    for left, side, colour in ((20, 180, frontal), (240, 120, turned), (400, 110, (90, 40, 90))):
        image[20 : 20 + side, left : left + side] = colour[::-1]
    encoded = cv2.imencode(".png", image)[1].tobytes()
    assert [face.reasons for face in checked(project, encoded)] == [(), ("BYSTANDER",), ()]


def test_a_removed_policy_does_not_apply(project: Project) -> None:
    project.create()
    set_policy(project, {"max_faces": 1})
    assert len(project.add(PEOPLE[0], PEOPLE[1000])) == 1
    project.services.policies.set_policy(project.id, "test", "none")
    assert len(project.add(PEOPLE[0], PEOPLE[1000])) == 2


def test_a_person_added_concurrently_is_enrolled_once(project: Project) -> None:
    project.create()
    set_policy(project, {"duplicate_similarity": 0.93})

    def refusal(place: int) -> str:
        try:
            project.add(PEOPLE[1000 * (place % 3)])
        except ServiceError as refused:
            return refused.message.rpartition(": ")[2]
        return ""

    with ThreadPoolExecutor(8) as pool:
        reasons = list(pool.map(refusal, range(24)))
    assert sorted(reasons) == [""] * 3 + ["DUPLICATE_PERSON"] * 21
    assert project.count() == 3


def test_a_full_set_still_rejects_duplicates(project: Project) -> None:
    project.create(capacity=10_000)
    set_policy(project, {"max_faces": 1, "duplicate_similarity": 0.93})
    project.add(PEOPLE[0])
    with pytest.raises(ServiceError) as refused:
        project.add(PEOPLE[0])
    assert refused.value.message.endswith(": DUPLICATE_PERSON")


@pytest.fixture(scope="module")
def real(all_weights: WeightCache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with the real models and a set with the recommended policy that rejects duplicates."""
    data: Path = tmp_path_factory.mktemp("enrolment")
    services = Services.open(Settings(data=data, threads=1), ModelPipeline(all_weights, Runtime(1)))
    try:
        assert services.bootstrap("http://127.0.0.1")
        project = Project(services, json.loads((data / "credentials.json").read_text())["project_id"])
        project.create()
        set_policy(project, {**RECOMMENDED_POLICY.to_store(), "duplicate_false_match_rate": 1e-4})
        yield project
    finally:
        services.close()


def sample(weights: WeightCache, name: str) -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(weights.samples / name))
    assert image is not None
    return image.astype(np.uint8)


def reasons(project: Project, pixels: npt.NDArray[np.generic]) -> list[set[str]]:
    image = cv2.imencode(".png", pixels.astype(np.uint8))[1].tobytes()
    return [set(face.reasons) for face in checked(project, image)]


@pytest.mark.models
def test_degraded_photos_are_rejected_with_the_right_reasons(real: Project, weights: WeightCache) -> None:
    anna = sample(weights, "obama.jpg")
    assert reasons(real, anna) == [set()]
    (blurred,) = reasons(real, cv2.GaussianBlur(anna, (0, 0), 12))
    assert "LOW_SHARPNESS" in blurred
    (dark,) = reasons(real, anna * 0.12)
    assert "LOW_BRIGHTNESS" in dark
    (tiny,) = reasons(real, cv2.resize(anna, None, fx=0.12, fy=0.12, interpolation=cv2.INTER_AREA))
    assert "SMALL_BOUNDING_BOX" in tiny
    turn = cv2.getRotationMatrix2D((anna.shape[1] / 2, anna.shape[0] / 2), 30, 1)
    (leaning,) = reasons(real, cv2.warpAffine(anna, turn, anna.shape[1::-1]))
    assert "EXTREME_POSE" in leaning
    assert reasons(real, np.rot90(anna)) == [{"EXTREME_POSE"}]


@pytest.mark.models
def test_a_person_is_a_duplicate_on_another_photo(real: Project, weights: WeightCache) -> None:
    async def add(name: str) -> int:
        image = EncodedImage((weights.samples / name).read_bytes(), "image_file")
        _, faces = await real.services.faces.add(
            real.id, "test", image, external_image_id=name.removesuffix(".jpg"), fields={}, single=True
        )
        return len(faces)

    assert anyio.run(add, "obama.jpg") == 1
    (again,) = checked(real, (weights.samples / "obama2.jpg").read_bytes(), single=True)
    assert again.reasons[-1] == "DUPLICATE_PERSON"
    assert again.duplicate is not None
    assert again.duplicate.face.external_image_id == "obama"
    assert again.duplicate.similarity > 0.93
    with pytest.raises(ServiceError, match="DUPLICATE_PERSON"):
        anyio.run(add, "obama.jpg")
    (other,) = checked(real, (weights.samples / "biden.jpg").read_bytes(), single=True)
    assert other.duplicate is None
