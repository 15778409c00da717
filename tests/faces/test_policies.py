"""Policies applied to a single face."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.faces.policies import RECOMMENDED_POLICY, Policy, Reason, judge_face
from openfrs.recognition.similarity import calibration
from openfrs.recognition.types import FaceTemplate
from openfrs.vision.attributes.types import HeadPose, Quality, Trait, Traits
from tests.support.servers import REPOSITORY


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


@pytest.mark.parametrize("limit", [{"max_blur": 1.0}, {"max_yaw": 180}])
def test_a_limit_on_a_missing_trait_is_an_error(limit: dict[str, float]) -> None:
    unknown = replace(candidate(), traits=Traits())
    with pytest.raises(ServiceError) as refused:
        judge_face(Policy.parse(limit), unknown, rank=0, face_count=1)
    assert refused.value.entry.code == "FRS.0020"


def test_only_traits_with_limits_are_measured() -> None:
    assert Policy.parse({"min_face_size": 80, "max_faces": 1, "duplicate_similarity": 0.9}).traits == frozenset()
    assert Policy.parse({"max_blur": 0.3}).traits == {Trait.QUALITY}
    assert Policy.parse({"max_roll": 3}).traits == {Trait.POSE}
    assert RECOMMENDED_POLICY.traits == {Trait.QUALITY, Trait.POSE}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_blurr": 0.3}, "policy: unknown member; allowed are single_face, max_faces"),
        ({"max_blur": 1.01}, "policy.max_blur: "),
        ({"max_blur": "0.3"}, "policy.max_blur: "),
        ({"max_blur": True}, "policy.max_blur: "),
        ({"max_faces": 0}, "policy.max_faces: "),
        ({"max_faces": 1.5}, "policy.max_faces: "),
        ({"single_face": 1}, "policy.single_face: "),
        ({"max_yaw": -1}, "policy.max_yaw: "),
        ({"min_face_size": 5000}, "policy.min_face_size: "),
        ({"duplicate_similarity": 0}, "policy.duplicate_similarity: "),
        ({"duplicate_false_match_rate": 1e-7}, "policy.duplicate_false_match_rate: "),
        ({"duplicate_similarity": 0.9, "duplicate_false_match_rate": 1e-4}, "policy: "),
    ],
)
def test_an_invalid_policy_is_rejected(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError) as refused:
        Policy.parse(values)
    assert refused.value.entry.code == "FRS.0012"
    assert message in refused.value.message
    assert "blurr" not in refused.value.message


def test_a_stored_policy_is_parsed_back() -> None:
    values = {"max_faces": 3, "max_yaw": 30, "duplicate_false_match_rate": 1e-5, "max_blur": None}
    stored = json.loads(json.dumps(Policy.parse(values).to_store()))
    assert stored == {"max_faces": 3, "max_yaw": 30, "duplicate_false_match_rate": 1e-5}
    assert Policy.parse(stored) == Policy.parse(values)


def test_a_false_match_rate_gives_the_measured_similarity() -> None:
    scale = calibration("sface")
    points = [point for point in scale.operating_points if point.false_match_rate >= 1e-6]
    assert len(points) >= 10
    for point in points:
        policy = Policy(duplicate_false_match_rate=point.false_match_rate)
        assert policy.duplicate_cosine(scale) == pytest.approx(point.score, abs=0.01)
    between = Policy(duplicate_false_match_rate=5e-4).duplicate_cosine(scale)
    assert between is not None
    assert scale.score_at(1e-3) < between < scale.score_at(1e-4)
    assert Policy(duplicate_similarity=0.93).duplicate_cosine(scale) == scale.score(0.93)
    assert Policy().duplicate_cosine(scale) is None


def test_the_page_documents_every_limit_and_reason_and_its_policies_are_valid() -> None:
    page = (REPOSITORY / "docs" / "how-to" / "enrolment.md").read_text("utf-8")
    for name in [*Policy.model_fields, *Reason]:
        assert f"`{name}`" in page, name
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    policies = [Policy.parse(example["policy"]) for example in examples if "policy" in example]
    assert len(policies) == 2
    for name, value in RECOMMENDED_POLICY.to_store().items():
        assert f"`{name}`" in page.partition("FRS recommends")[2]
        assert f" {value:g}" in page.partition("FRS recommends")[2]
