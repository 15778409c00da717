"""Action liveness over HTTP: requests, responses and errors."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from openfrs.core.limits import MAX_IMAGE_BYTES
from tests.support.contract import Frs, ok, refusal
from tests.support.performances import AHEAD, LEFT, LEFT_THEN_RIGHT, OTHER, PERSON, PRINT, film
from tests.support.videos import audio_only, encode, gray_frames


@pytest.fixture
def v1(frs: Frs) -> Frs:
    return replace(frs, project=frs.project.replace("/v2/", "/v1/"))


def ask(frs: Frs, video: bytes | None = None, /, **body: Any) -> httpx.Response:
    if video is not None:
        body["video_base64"] = base64.b64encode(video).decode()
    return frs.post("/live-detect", json=body)


def codes(response: dict[str, Any]) -> list[int]:
    return [warning["warningCode"] for warning in response["warning-list"]]


def test_requested_actions_in_order_are_alive(frs: Frs, v1: Frs) -> None:
    for client in (frs, v1):
        response = ok(ask(client, LEFT_THEN_RIGHT, actions="1,2"))
        assert response["video-result"]["alive"] is True
        assert [each["action"] for each in response["video-result"]["actions"]] == [1, 2]
        assert all(each["confidence"] > 0.7 for each in response["video-result"]["actions"])
        assert response["warning-list"] == []


@pytest.mark.parametrize("actions", ["2,1", "2", "1,2,1", "1,3", "3", "4", "5", "1,2,5"])
def test_other_actions_are_not_alive(frs: Frs, actions: str) -> None:
    response = ok(ask(frs, LEFT_THEN_RIGHT, actions=actions))
    assert response["video-result"]["alive"] is False
    assert [str(each["action"]) for each in response["video-result"]["actions"]] == actions.split(",")
    assert 6 in codes(response)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ("2,1", "The requested actions were performed in another order or at another time."),
        ("3", "A requested action is missing or too small."),
        ("2", "There was another turn or nod before the last requested action."),
    ],
)
def test_the_text_of_warning_6_says_what_was_wrong(frs: Frs, actions: str, message: str) -> None:
    warnings = ok(ask(frs, LEFT_THEN_RIGHT, actions=actions))["warning-list"]
    assert warnings == [{"warningCode": 6, "warningMsg": message}]


def test_a_movement_after_the_last_requested_action_does_not_count(frs: Frs) -> None:
    response = ok(ask(frs, LEFT_THEN_RIGHT, actions="1"))
    assert response["video-result"]["alive"] is True
    assert response["warning-list"] == []


def test_each_action_in_its_time(frs: Frs) -> None:
    def alive(times: str) -> bool:
        return bool(ok(ask(frs, LEFT_THEN_RIGHT, actions="1,2", action_time=times))["video-result"]["alive"])

    assert alive("500-1500,2000-2900")
    assert alive(",,")  # as SDKs send no windows
    assert not alive("0-600,2000-2900")
    assert not alive("500-1500,3000-3500")
    assert ok(ask(frs, LEFT_THEN_RIGHT, actions="2", action_time="2000-2900"))["video-result"]["alive"]


def test_the_returned_frame_has_the_largest_face(frs: Frs) -> None:
    text = ok(ask(frs, LEFT_THEN_RIGHT, actions="1,2"))["video-result"]["picture"]
    image = cv2.imdecode(np.frombuffer(base64.b64decode(text, validate=True), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (320, 320, 3)
    assert image[150, 150][::-1] == pytest.approx(PERSON, abs=8)
    assert (image[:, 250].max(), image[250].max()) > (100, 100)


@pytest.mark.parametrize(
    ("scenes", "warning"),
    [
        ([(AHEAD, PRINT), (LEFT, PRINT), (AHEAD, PRINT)], 7),
        ([(AHEAD, PERSON), (LEFT, PERSON), (AHEAD, OTHER)], 7),
        ([(LEFT, PERSON), (LEFT, PERSON)], 1),
        ([((1, 1), PERSON), ((1, 1), PERSON)], 5),
    ],
    ids=["a print", "another person", "never ahead", "nobody"],
)
def test_warnings_against_liveness(
    frs: Frs, scenes: Sequence[tuple[tuple[int, int], tuple[int, int, int]]], warning: int
) -> None:
    response = ok(ask(frs, film(*scenes), actions="1"))
    assert response["video-result"]["alive"] is False
    assert warning in codes(response)
    assert (response["video-result"]["picture"] == "") is (warning == 5)


def test_a_second_face_is_a_warning_and_the_largest_is_judged(frs: Frs) -> None:
    frames = []
    for width, height in (AHEAD, LEFT, AHEAD):
        image = np.zeros((320, 480, 3), np.uint8)
        image[60 : 60 + height, 20 : 20 + width] = PERSON
        image[60:200, 300:440] = OTHER
        frames += [image] * 7
    response = ok(ask(frs, encode(frames, crf="10"), actions="1"))
    assert response["video-result"]["alive"] is True
    assert codes(response) == [4]


def test_a_multipart_form_is_accepted(v1: Frs) -> None:
    form: Any = {"files": {"video_file": LEFT_THEN_RIGHT}, "data": {"actions": "1,2", "nod_threshold": "20"}}
    assert ok(v1.post("/live-detect", **form))["video-result"]["alive"] is True


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "FRS.0011"),
        ({"actions": ""}, "FRS.0011"),
        ({"actions": " "}, "FRS.0011"),
        ({"actions": None}, "FRS.0011"),
        ({"actions": 1}, "FRS.0012"),
        ({"actions": "0"}, "FRS.0702"),
        ({"actions": "6"}, "FRS.0702"),
        ({"actions": "1,,2"}, "FRS.0702"),
        ({"actions": "left"}, "FRS.0702"),
        ({"actions": ",".join("1" * 11)}, "FRS.0704"),
        ({"actions": "1", "action_time": "0-500,500-900"}, "FRS.0703"),
        ({"actions": "1", "action_time": "500-0"}, "FRS.0703"),
        ({"actions": "1", "action_time": "soon"}, "FRS.0703"),
        ({"actions": "1", "nod_threshold": 0.5}, "FRS.0703"),
        ({"actions": "1", "nod_threshold": 91}, "FRS.0703"),
        ({"actions": "1", "nod_threshold": "ten"}, "FRS.0012"),
    ],
)
def test_invalid_action_requests_are_rejected(frs: Frs, body: dict[str, Any], code: str) -> None:
    refusal(ask(frs, LEFT_THEN_RIGHT, **body), code)


def test_ten_actions_are_allowed(frs: Frs) -> None:
    assert len(ok(ask(frs, LEFT_THEN_RIGHT, actions=",".join("1" * 10)))["video-result"]["actions"]) == 10


def test_a_video_that_is_not_base64_is_named_as_such(frs: Frs) -> None:
    message = refusal(ask(frs, video_base64="?", actions="1"), "FRS.0701")
    assert message == "Parse video data failed: the value of video_base64 is not valid base64."


def test_unusable_videos_are_rejected(frs: Frs) -> None:
    for body, code in (
        ({}, "FRS.0011"),
        ({"video_base64": ""}, "FRS.0011"),
        ({"video_base64": "?"}, "FRS.0701"),
        ({"video_url": "https://example.com/x.mp4"}, "FRS.0020"),
        ({"video_base64": "AAAA", "video_url": "https://example.com/x.mp4"}, "FRS.0012"),
        ({"video_base64": "A" * (MAX_IMAGE_BYTES + 4)}, "FRS.0017"),
    ):
        refusal(frs.post("/live-detect", json={"actions": "1"} | body), code)
    for video, code in (
        (b"no video at all", "FRS.0701"),
        (audio_only(2), "FRS.0701"),
        (encode(gray_frames(0.5)), "FRS.0706"),
        (encode(gray_frames(16)), "FRS.0706"),
    ):
        refusal(ask(frs, video, actions="1"), code)
    assert ok(ask(frs, LEFT_THEN_RIGHT, actions="1,2"))["video-result"]["alive"] is True
