"""Policies: their values, default policies, and the page about them."""

import json
import re
from typing import Any

import pytest

from openfrs.core.errors import ServiceError
from openfrs.faces.policy import DEFAULT_POLICIES, RECOMMENDED_POLICY, Policy, Reason, parse_policy
from openfrs.recognition.similarity import calibration, rounded
from openfrs.vision.attributes.types import Trait
from tests.support.servers import REPOSITORY


def test_policies_with_limits_reject_bystanders_unless_they_say_otherwise() -> None:
    assert not Policy().rejects_bystanders
    assert Policy(max_faces=3).rejects_bystanders
    assert not Policy(max_faces=3, bystanders=True).rejects_bystanders
    assert Policy(bystanders=False).rejects_bystanders


def test_default_policies_are_given_by_name() -> None:
    assert parse_policy("none").is_empty
    assert parse_policy("standard") == DEFAULT_POLICIES["standard"]
    standard, strict = (parse_policy(name).to_store() for name in ("standard", "strict"))
    assert standard.keys() <= strict.keys()
    for name, value in standard.items():
        assert strict[name] >= value if name.startswith("min_") else strict[name] <= value, name


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
        assert policy.duplicate_limit(scale) == pytest.approx(point.similarity, abs=0.01)
    between = Policy(duplicate_false_match_rate=5e-4).duplicate_limit(scale)
    assert between is not None
    assert 0.85 < between < 0.93
    limit = Policy(duplicate_similarity=0.93).duplicate_limit(scale)
    assert limit is not None
    assert (rounded(limit + 1e-9), rounded(limit - 1e-9)) == (0.93, 0.9299)
    assert Policy().duplicate_limit(scale) is None


def test_the_page_documents_every_limit_and_reason_and_its_policies_are_valid() -> None:
    page = (REPOSITORY / "docs" / "how-to" / "enrolment.md").read_text("utf-8")
    for name in [*Policy.model_fields, *Reason]:
        assert f"`{name}`" in page, name
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    policies = [Policy.parse(example["policy"]) for example in examples if "policy" in example]
    assert len(policies) == 2
    rows = dict(
        re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", page.partition("### Default policies")[2], re.MULTILINE)
    )
    assert list(rows) == list(DEFAULT_POLICIES)
    for name, value in DEFAULT_POLICIES["standard"].to_store().items():
        assert f"`{name}` {value:g}" in rows["standard"]
    for name, value in RECOMMENDED_POLICY.to_store().items():
        assert f"`{name}`" in page.partition("FRS recommends")[2]
        assert f" {value:g}" in page.partition("FRS recommends")[2]
