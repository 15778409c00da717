"""Attributes of detected faces under v2 and v1, and the quality operations."""

import base64
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo

MAN, WOMAN = (200, 40, 0), (80, 30, 240)
EVERY_V2_CODE = "1,2,4,6,7,8,11,12,13,21"


@pytest.fixture
def v1(frs: Frs) -> Frs:
    return replace(frs, project=frs.project.replace("/v2/", "/v1/"))


def text(*people: tuple[int, int, int], **options: Any) -> str:
    return base64.b64encode(photo(*people, **options)).decode()


def described(frs: Frs, codes: str, *people: tuple[int, int, int]) -> list[dict[str, Any]]:
    faces: list[dict[str, Any]] = ok(
        frs.post("/face-detect", json={"image_base64": text(*people), "attributes": codes})
    )["faces"]
    return faces


@pytest.mark.parametrize("codes", [None, "", "99", "0,3,5", ",", "x,y"])
def test_without_a_known_code_only_the_bounding_box_is_returned(frs: Frs, codes: str | None) -> None:
    body = {"image_base64": text(MAN)} | ({} if codes is None else {"attributes": codes})
    (face,) = ok(frs.post("/face-detect", json=body))["faces"]
    assert face.keys() == {"bounding_box"}


def test_every_attribute_of_v2(frs: Frs) -> None:
    man, woman = (face["attributes"] for face in described(frs, EVERY_V2_CODE, MAN, WOMAN))
    assert man == {
        "gender": "male",
        "age": 40,
        "dress": {"glass": "dark", "hat": "none"},
        "mask": "none",
        "hair": "short",
        "beard": "yes",
        "quality": {"total_score": 0.7694, "blur": 0.1569, "pose": 0.25, "occlusion": 0.0, "illumination": 0.1235},
        "expression": {"type": "happy", "probability": 0.7843},
        "face_angle": 0,
    }
    assert (woman["gender"], woman["age"], woman["mask"]) == ("female", 30, "yes")
    assert (woman["hair"], woman["beard"]) == ("long", "none")
    assert woman["expression"] == {"type": "neutral", "probability": 0.6863}


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("1", "gender"),
        ("2", "age"),
        ("4", "dress"),
        ("6", "mask"),
        ("7", "hair"),
        ("8", "beard"),
        ("12", "quality"),
        ("13", "expression"),
        ("21", "face_angle"),
    ],
)
def test_only_requested_attributes_are_returned(frs: Frs, code: str, key: str) -> None:
    for codes in (code, f"99,{code},{code}", f" {code} ,x"):
        (face,) = described(frs, codes, MAN)
        assert face["attributes"].keys() == {key}


def test_phototype_is_omitted(frs: Frs) -> None:
    (face,) = described(frs, "11", MAN)
    assert face["attributes"] == {}


def test_attributes_are_read_from_a_form(frs: Frs) -> None:
    form: Any = {"files": {"image_file": photo(MAN)}, "data": {"attributes": "1,2"}}
    (face,) = ok(frs.post("/face-detect", **form))["faces"]
    assert face["attributes"] == {"gender": "male", "age": 40}


def test_a_comparison_returns_no_attributes(frs: Frs) -> None:
    body = {"image1_base64": text(MAN), "image2_base64": text(MAN), "attributes": "1"}
    assert ok(frs.post("/face-compare", json=body))["image1_face"].keys() == {"bounding_box"}


def test_every_attribute_of_v1(v1: Frs) -> None:
    (face,) = described(v1, "0,1,2,3,4,5", MAN)
    assert face["attributes"] == {
        "headpose": {"pitch_angle": 1.23, "roll_angle": -2.0, "yaw_angle": -90.0},
        "gender": "male",
        "age": 40,
        "dress": {"glass": "dark", "hat": "none"},
        "smile": "yes",
    }
    points = {name: outline["point"] for name, outline in face["landmark"].items()}
    assert {name: len(outline) for name, outline in points.items()} == {
        "eyes_contour": 32,
        "mouth_contour": 40,
        "face_contour": 36,
        "eyebrow_contour": 20,
        "nose_contour": 14,
    }
    assert points["face_contour"][0] == {"x": 110.0, "y": 110.0}


def test_landmarks_are_a_key_beside_attributes(v1: Frs) -> None:
    (face,) = described(v1, "3", MAN)
    assert face.keys() == {"bounding_box", "landmark"}


def test_codes_of_v2_are_unknown_to_v1(v1: Frs) -> None:
    (face,) = described(v1, "6,7,8,11,12,13,21", MAN)
    assert face.keys() == {"bounding_box"}


def test_v1_finds_what_v2_finds(frs: Frs, v1: Frs) -> None:
    assert described(v1, "", MAN, WOMAN) == described(frs, "", MAN, WOMAN)
    assert ok(v1.post("/face-detect", json={"image_base64": text()})) == {"faces": []}
    refusal(v1.post("/face-detect", json={}), "FRS.0011")


@pytest.fixture(params=["v1", "v2"])
def quality(request: pytest.FixtureRequest, frs: Frs, v1: Frs) -> Frs:
    return v1 if request.param == "v1" else frs


def test_quality_operations_judge_the_largest_face(quality: Frs) -> None:
    sharp, blurred = {"image_base64": text(MAN, (1, 250, 90))}, {"image_base64": text((1, 250, 90), MAN)}
    pose = {"yaw": -90.0, "roll": -2.0, "pitch": 1.23}
    assert ok(quality.post("/face/quality/face-quality", json=sharp)) == {"blur": {"isClarity": True}, "pose": pose}
    assert ok(quality.post("/face/quality/blur-classify", json=sharp)) == {"isClarity": True}
    assert ok(quality.post("/face/quality/blur-classify", json=blurred)) == {"isClarity": False}
    assert ok(quality.post("/face/quality/head-pose-estimate", json=sharp)) == pose
    assert ok(quality.post("/face/quality/head-pose-estimate", json=blurred))["yaw"] == 0.0


@pytest.mark.parametrize("operation", ["face-quality", "blur-classify", "head-pose-estimate"])
def test_quality_operations_reject_invalid_images(quality: Frs, operation: str) -> None:
    def ask(**body: Any) -> httpx.Response:
        return quality.post(f"/face/quality/{operation}", json=body)

    refusal(ask(), "FRS.0011")
    refusal(ask(image_base64="Zm9v"), "FRS.0015")
    refusal(ask(image_url="https://a.b/c"), "FRS.0020")
    refusal(ask(image_base64=text()), "FRS.0501")
    assert quality.get(f"/face/quality/{operation}").status_code == 405
