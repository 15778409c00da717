"""Enrolment policies and face-check over HTTP, and their effect on FRS operations."""

import base64
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import UNCONFIRMED, photo
from tests.support.servers import Server

ANNA, BERTA, BLURRED = (200, 40, 90), (40, 90, 200), (40, 250, 90)


@pytest.fixture
def x(server: Server) -> str:
    return f"/x/v1/{server.credentials['project_id']}"


@pytest.fixture
def policy(x: str, face_set: str) -> str:
    """Path of the policy of an existing face set."""
    return f"{x}{face_set}/policy"


def text(*people: tuple[int, int, int]) -> str:
    return base64.b64encode(photo(*people)).decode()


def add(frs: Frs, *people: tuple[int, int, int], **options: Any) -> httpx.Response:
    return frs.post("/face-sets/test/faces", json={"image_base64": text(*people), **options})


def test_a_policy_is_set_shown_and_deleted(http: httpx.Client, policy: str) -> None:
    assert ok(http.get(policy)) == {"policy": {}}
    limits = {"max_faces": 2, "max_blur": 0.3, "duplicate_false_match_rate": 0.0001}
    assert ok(http.put(policy, json={"policy": {**limits, "max_yaw": None}})) == {"policy": limits}
    assert ok(http.get(policy)) == {"policy": limits}
    assert ok(http.put(policy, json={"policy": {"max_yaw": 20}})) == {"policy": {"max_yaw": 20.0}}
    assert ok(http.delete(policy)) == {"policy": {}}
    assert ok(http.get(policy)) == {"policy": {}}


def test_default_policies_are_listed_and_set_by_name(http: httpx.Client, policy: str, x: str) -> None:
    listed = {each["name"]: each["policy"] for each in ok(http.get(f"{x}/policies"))["policies"]}
    assert list(listed) == ["none", "standard", "strict"]
    for name, limits in listed.items():
        assert ok(http.put(policy, json={"policy": name})) == {"policy": limits}
        assert ok(http.get(policy)) == {"policy": limits}
        form: Any = {"files": {"image_file": photo(ANNA)}, "data": {"policy": name}}
        assert ok(http.post(f"{x}/face-check", **form))["policy"] == limits
        body = {"image_base64": text(ANNA), "policy": name}
        assert ok(http.post(f"{x}/face-check", json=body))["policy"] == limits
    for wrong in ("lax", ""):
        refusal(http.put(policy, json={"policy": wrong}), "FRS.0012")
        refusal(http.post(f"{x}/face-check", files={"image_file": photo(ANNA)}, data={"policy": wrong}), "FRS.0012")


def test_invalid_policies_are_rejected(http: httpx.Client, policy: str) -> None:
    http.put(policy, json={"policy": {"max_yaw": 20}})
    refusal(http.put(policy, json={"max_yaw": 20}), "FRS.0011")
    refusal(http.put(policy, json={"policy": []}), "FRS.0012")
    refusal(http.put(policy, content=b"{"), "FRS.0014")
    assert "max_blur" in refusal(http.put(policy, json={"policy": {"blur": 0.2}}), "FRS.0012")
    assert ok(http.get(policy)) == {"policy": {"max_yaw": 20.0}}


def test_policies_of_a_missing_face_set(http: httpx.Client, x: str) -> None:
    for name in ("nothing", quote("a/b", safe="")):
        refusal(http.get(f"{x}/face-sets/{name}/policy"), "FRS.0302")
        refusal(http.put(f"{x}/face-sets/{name}/policy", json={"policy": {}}), "FRS.0302")
        refusal(http.delete(f"{x}/face-sets/{name}/policy"), "FRS.0302")


def test_a_recreated_face_set_has_no_policy(http: httpx.Client, frs: Frs, policy: str) -> None:
    http.put(policy, json={"policy": {"max_yaw": 20}})
    ok(frs.delete("/face-sets/test"))
    frs.create("test")
    assert ok(http.get(policy)) == {"policy": {}}


def test_a_rejected_enrolment_has_an_frs_error(http: httpx.Client, frs: Frs, policy: str) -> None:
    http.put(policy, json={"policy": {"max_blur": 0.3, "duplicate_similarity": 0.93}})
    assert len(ok(add(frs, ANNA, BLURRED))["faces"]) == 1
    assert refusal(add(frs, BLURRED), "FRS.0404").endswith(": LOW_SHARPNESS")
    assert refusal(add(frs, ANNA), "FRS.0404").endswith(": DUPLICATE_PERSON")
    assert refusal(add(frs), "FRS.0404") == "Detect no face, can not add it to face set."
    assert frs.count() == 1


def test_with_single_only_single_face_policies_count_other_faces(http: httpx.Client, frs: Frs, policy: str) -> None:
    http.put(policy, json={"policy": {"max_blur": 0.3, "max_faces": 1}})
    assert len(ok(add(frs, ANNA, BLURRED, single=True))["faces"]) == 1
    http.put(policy, json={"policy": {"single_face": True}})
    assert "MULTIPLE_FACES" in refusal(add(frs, ANNA, BLURRED, single=True), "FRS.0404")


def test_a_check_returns_reasons_and_measurements(http: httpx.Client, frs: Frs, policy: str, x: str) -> None:
    http.put(policy, json={"policy": {"max_blur": 0.3, "max_faces": 2, "duplicate_similarity": 0.93}})
    (enrolled,) = ok(add(frs, ANNA, external_image_id="anna"))["faces"]
    body = {"image_base64": text(ANNA, BLURRED, BERTA), "face_set_name": "test"}
    check = ok(http.post(f"{x}/face-check", json=body))
    assert check["policy"] == {"max_blur": 0.3, "max_faces": 2, "duplicate_similarity": 0.93}
    first, second, third = check["faces"]
    assert 0 <= first.pop("recognisability", 1) <= 1, "present if the embedder has a cohort"
    assert first == {
        "bounding_box": enrolled["bounding_box"],
        "accepted": False,
        "reasons": ["DUPLICATE_PERSON"],
        "confidence": 1.0,
        "quality": {"total_score": 0.7694, "blur": 0.1569, "pose": 0.25, "occlusion": 0.0, "illumination": 0.1235},
        "headpose": {"pitch_angle": 1.23, "roll_angle": -2.0, "yaw_angle": 0.0},
        "duplicate": {"face_id": enrolled["face_id"], "external_image_id": "anna", "similarity": 1.0},
    }
    assert (second["accepted"], second["reasons"]) == (False, ["LOW_SHARPNESS"])
    assert third["reasons"] == ["EXCEEDS_MAX_FACES", "LOW_SHARPNESS"]
    assert frs.count() == 1


def test_a_check_accepts_a_policy_of_its_own(http: httpx.Client, frs: Frs, policy: str, x: str) -> None:
    ok(add(frs, ANNA))
    trial = {"max_faces": 1, "duplicate_similarity": 0.93}
    body = {"image_base64": text(ANNA, BERTA), "face_set_name": "test", "policy": trial}
    first, second = ok(http.post(f"{x}/face-check", json=body))["faces"]
    assert (first["reasons"], second["reasons"]) == (["DUPLICATE_PERSON"], ["EXCEEDS_MAX_FACES"])
    assert ok(http.get(policy)) == {"policy": {}}
    form: Any = {
        "files": {"image_file": photo(ANNA, BERTA)},
        "data": {"face_set_name": "test", "policy": json.dumps(trial), "single": "true"},
    }
    assert ok(http.post(f"{x}/face-check", **form)) == {
        "policy": trial,
        "faces": [{**first, "reasons": ["DUPLICATE_PERSON"]}],
    }


def test_a_check_without_policy_uses_the_recommended_one(http: httpx.Client, x: str) -> None:
    check = ok(http.post(f"{x}/face-check", json={"image_base64": text(BLURRED)}))
    assert check["policy"]["min_face_size"] == 80
    assert check["faces"][0]["reasons"] == ["LOW_FACE_QUALITY", "LOW_SHARPNESS"]
    assert ok(http.post(f"{x}/face-check", json={"image_base64": text()}))["faces"] == []


def test_a_check_says_that_no_orientation_is_confirmed(http: httpx.Client, frs: Frs, x: str, face_set: str) -> None:
    refusal(add(frs, UNCONFIRMED), "FRS.0404")
    body = {"image_base64": text(UNCONFIRMED, UNCONFIRMED), "face_set_name": "test"}
    first, second = ok(http.post(f"{x}/face-check", json=body))["faces"]
    box = {"top_left_x": 20, "top_left_y": 20, "width": 180, "height": 180}
    reasons = ["UNCONFIRMED_ORIENTATION"]
    assert first == {"bounding_box": box, "accepted": False, "reasons": reasons, "confidence": 1.0}
    assert second["reasons"] == reasons
    assert ok(http.post(f"{x}/face-check", json={**body, "single": True}))["faces"] == [first]
    (confirmed,) = ok(http.post(f"{x}/face-check", json={"image_base64": text(ANNA, UNCONFIRMED)}))["faces"]
    assert "UNCONFIRMED_ORIENTATION" not in confirmed["reasons"]


def test_invalid_checks_are_rejected(http: httpx.Client, x: str) -> None:
    def ask(**body: Any) -> httpx.Response:
        return http.post(f"{x}/face-check", json=body)

    refusal(ask(), "FRS.0011")
    refusal(ask(image_base64="Zm9v"), "FRS.0015")
    refusal(ask(image_url="https://a.b/c"), "FRS.0020")
    refusal(ask(image_base64=text(ANNA), face_set_name="nothing"), "FRS.0302")
    refusal(ask(image_base64=text(ANNA), policy={"max_faces": -1}), "FRS.0012")
    refusal(ask(image_base64=text(ANNA), policy="x"), "FRS.0012")
