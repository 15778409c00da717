"""Policies applied to a single face, and bystanders."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.faces.judgement import is_bystander, judge_face
from openfrs.faces.policy import RECOMMENDED_POLICY, Policy, Reason
from openfrs.recognition.types import FaceTemplate
from openfrs.vision.attributes.types import HeadPose, Quality, Traits


def candidate(
    *, size: tuple[int, int] = (120, 150), confidence: float = 0.9, pose: HeadPose | None = None, **flaws: float
) -> FaceTemplate:
    quality = Quality(**{"total": 0.9, "blur": 0.1, "pose": 0.0, "occlusion": 0.1, "illumination": 0.1} | flaws)
    traits = Traits(pose=pose or HeadPose(0, 0, 0), quality=quality)
    return FaceTemplate(BoundingBox(0, 0, *size), np.zeros(4, np.float32), confidence, traits, is_main=True)


def reasons(policy: Policy, template: FaceTemplate, *, rank: int = 0, count: int = 1) -> set[Reason]:
    return set(judge_face(policy, template, rank=rank, face_count=count))


def test_an_empty_policy_accepts_every_face() -> None:
    worst = candidate(size=(1, 1), confidence=0, pose=HeadPose(170, 80, 90), total=0, blur=1, occlusion=1)
    assert reasons(Policy(), worst, rank=99, count=100) == set()
    assert Policy().traits == frozenset()


@pytest.mark.parametrize(
    ("limit", "within", "beyond", "reason"),
    [
        ({"min_face_size": 80}, {"size": (80, 80)}, {"size": (200, 79)}, Reason.SMALL_BOUNDING_BOX),
        ({"min_confidence": 0.7}, {"confidence": 0.7}, {"confidence": 0.69}, Reason.LOW_CONFIDENCE),
        ({"min_quality": 0.45}, {"total": 0.45}, {"total": 0.44}, Reason.LOW_FACE_QUALITY),
        ({"max_blur": 0.3}, {"blur": 0.3}, {"blur": 0.31}, Reason.LOW_SHARPNESS),
        ({"max_occlusion": 0.3}, {"occlusion": 0.3}, {"occlusion": 0.31}, Reason.OCCLUDED_FACE),
        (
            {"max_illumination": 0.3},
            {"illumination": 0.3, "darkness": 0.3},
            {"illumination": 0.31, "darkness": 0.2},
            Reason.POOR_ILLUMINATION,
        ),
        (
            {"max_illumination": 0.3},
            {"illumination": 0.3, "darkness": 0.3},
            {"illumination": 0.4, "darkness": 0.31},
            Reason.LOW_BRIGHTNESS,
        ),
        ({"max_yaw": 30}, {"pose": HeadPose(-30, 80, 80)}, {"pose": HeadPose(-31, 0, 0)}, Reason.EXTREME_POSE),
        ({"max_pitch": 15}, {"pose": HeadPose(80, 15, 80)}, {"pose": HeadPose(0, 16, 0)}, Reason.EXTREME_POSE),
        ({"max_roll": 15}, {"pose": HeadPose(80, 80, -15)}, {"pose": HeadPose(0, 0, -16)}, Reason.EXTREME_POSE),
    ],
)
def test_a_face_beyond_a_limit_is_rejected(
    limit: dict[str, float], within: dict[str, Any], beyond: dict[str, Any], reason: Reason
) -> None:
    assert reasons(Policy.parse(limit), candidate(**within)) == set()
    assert reasons(Policy.parse(limit), candidate(**beyond)) == {reason}


def test_faces_are_counted() -> None:
    assert reasons(Policy(max_faces=2), candidate(), rank=1, count=5) == set()
    assert reasons(Policy(max_faces=2), candidate(), rank=2, count=5) == {Reason.EXCEEDS_MAX_FACES}
    assert reasons(Policy(single_face=True), candidate(), count=1) == set()
    assert reasons(Policy(single_face=True), candidate(), count=2) == {Reason.MULTIPLE_FACES}
    assert reasons(Policy(single_face=False), candidate(), count=2) == set()


@pytest.mark.parametrize(
    ("face", "expected"),
    [
        ({"size": (39, 40)}, True),
        ({"size": (41, 50)}, False),
        ({"size": (70, 70), "pose": HeadPose(-36, 0, 0)}, True),
        ({"size": (70, 70), "pose": HeadPose(-34, 0, 0)}, False),
        ({"size": (80, 80), "pose": HeadPose(90, 0, 0)}, False),
        ({"size": (70, 70), "blur": 0.41}, True),
        ({"size": (70, 70), "blur": 0.39}, False),
        ({"size": (80, 80), "blur": 1.0}, False),
    ],
)
def test_small_turned_and_blurred_faces_beside_a_larger_one_are_bystanders(
    face: dict[str, Any], expected: bool
) -> None:
    main = candidate(size=(100, 100), pose=HeadPose(10, 0, 0))
    assert is_bystander(candidate(**face), main) is expected


def test_bystanders_are_told_by_size_where_traits_are_not_measured() -> None:
    main = replace(candidate(size=(100, 100)), traits=Traits())
    assert is_bystander(candidate(size=(39, 39)), main)
    assert not is_bystander(candidate(size=(60, 60), pose=HeadPose(90, 0, 0), blur=1.0), main)


def test_all_reasons_are_returned() -> None:
    bad = candidate(size=(20, 20), pose=HeadPose(40, 0, 0), total=0.1, blur=0.9, occlusion=0.9, illumination=0.9)
    assert reasons(RECOMMENDED_POLICY, bad) == {
        Reason.SMALL_BOUNDING_BOX,
        Reason.EXTREME_POSE,
        Reason.LOW_FACE_QUALITY,
        Reason.LOW_SHARPNESS,
        Reason.OCCLUDED_FACE,
        Reason.POOR_ILLUMINATION,
    }


def test_a_face_like_other_people_is_rejected() -> None:
    policy = Policy(min_recognisability=0.3)
    for value, expected in ((0.3, []), (0.29, [Reason.LOW_RECOGNISABILITY])):
        assert judge_face(policy, candidate(), rank=0, face_count=1, recognisability=value) == expected


@pytest.mark.parametrize("limit", [{"min_recognisability": 0.1}, {"max_blur": 1.0}, {"max_yaw": 180}])
def test_a_limit_on_a_missing_trait_is_an_error(limit: dict[str, float]) -> None:
    unknown = replace(candidate(), traits=Traits())
    with pytest.raises(ServiceError) as refused:
        judge_face(Policy.parse(limit), unknown, rank=0, face_count=1)
    assert refused.value.entry.code == "FRS.0020"
