"""Silent liveness over the API."""

import base64
from dataclasses import replace
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from openfrs.core.limits import MAX_IMAGE_BYTES
from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo

PERSON, PRINT, BLURRED = (200, 10, 0), (90, 10, 0), (200, 250, 0)


@pytest.fixture
def v1(frs: Frs) -> Frs:
    return replace(frs, project=frs.project.replace("/v2/", "/v1/"))


def judged(v1: Frs, *people: tuple[int, int, int]) -> dict[str, Any]:
    text = base64.b64encode(photo(*people)).decode()
    return ok(v1.post("/live-detect-face", json={"image_base64": text}))


def test_a_person_is_alive_and_a_print_is_not(v1: Frs) -> None:
    for colour, alive, confidence in ((PERSON, True, 0.7843), (PRINT, False, 0.3529)):
        response = judged(v1, colour)
        assert (response["result"]["alive"], response["result"]["confidence"]) == (alive, confidence)
        assert response["warning-list"] == []


def test_the_returned_image_is_a_jpeg_of_the_face_without_a_prefix(v1: Frs) -> None:
    data = base64.b64decode(judged(v1, PERSON, PRINT)["result"]["picture"], validate=True)
    face_image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert face_image is not None
    centre = face_image[face_image.shape[0] // 2, face_image.shape[1] // 2, ::-1].astype(int)
    assert centre.tolist() == pytest.approx(PERSON, abs=4)
    assert face_image.shape[0] < 300
    body = {"image_base64": base64.b64encode(data).decode()}
    assert ok(v1.post("/live-detect-face", json=body))["result"]["alive"]


def test_warnings_have_code_and_message_and_keep_the_decision(v1: Frs) -> None:
    response = judged(v1, BLURRED, PERSON)
    assert [warning["warningCode"] for warning in response["warning-list"]] == [101, 102, 106]
    assert all(warning["warningMsg"] for warning in response["warning-list"])
    assert response["result"]["alive"]


def test_a_multipart_form_is_accepted(v1: Frs) -> None:
    form: Any = {"files": {"image_file": photo(PRINT)}}
    assert ok(v1.post("/live-detect-face", **form))["result"]["alive"] is False


def test_unusable_images_are_rejected(v1: Frs) -> None:
    def ask(**body: Any) -> httpx.Response:
        return v1.post("/live-detect-face", json=body)

    image = base64.b64encode(photo(PERSON)).decode()
    message = refusal(ask(image_base64=base64.b64encode(photo()).decode()), "FRS.0707")
    assert message == "Detect no face, check out your picture."
    refusal(ask(), "FRS.0011")
    refusal(ask(image_base64=""), "FRS.0011")
    refusal(ask(image_base64=7), "FRS.0012")
    refusal(ask(image_base64=image, image_url="https://a.b/c"), "FRS.0012")
    refusal(ask(image_base64="Zm9v"), "FRS.0015")
    refusal(ask(image_base64="A" * (MAX_IMAGE_BYTES + 1)), "FRS.0017")
    message = refusal(ask(image_url="https://a.b/c"), "FRS.0020")
    assert "image_url" in message
    assert "OPENFRS_OBS_ENDPOINT and OPENFRS_URL_HOSTS" in message
    assert v1.get("/live-detect-face").status_code == 405


def test_silent_liveness_is_not_under_v2(frs: Frs) -> None:
    refusal(frs.post("/live-detect-face", json={}), "APIG.0101", status=404)
