"""Liveness sessions over HTTP: random actions, one video, one read of the result."""

from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.support.performances import AHEAD, LEFT, RIGHT, performance
from tests.support.servers import Server


@pytest.fixture
def sessions(server: Server) -> str:
    return f"/x/v1/{server.credentials['project_id']}/liveness-sessions"


def created(http: httpx.Client, sessions: str, **body: Any) -> dict[str, Any]:
    response = http.post(sessions, json=body)
    assert response.status_code == 200, response.text
    session: dict[str, Any] = response.json()
    return session


def refused(response: httpx.Response, code: str = "FRS.0703") -> None:
    assert (response.status_code, response.json()["error_code"]) == (400, code), response.text


def video_of(actions: list[int]) -> bytes:
    directions = [AHEAD]
    for action in actions:
        directions += [{1: LEFT, 2: RIGHT}[action], AHEAD]
    return performance(*directions)


def test_the_requested_actions_are_alive_and_the_result_is_read_once(http: httpx.Client, sessions: str) -> None:
    session = created(http, sessions, kinds="1,2")
    location = f"{sessions}/{session['session_id']}"
    refused(http.get(f"{location}/result"))
    response = http.post(f"{location}/video", files={"video_file": video_of(session["actions"])})
    assert response.json() == {"session_id": session["session_id"]}
    result = http.get(f"{location}/result").json()
    assert result["alive"] is True
    assert [each["action"] for each in result["actions"]] == session["actions"]
    assert result["warnings"] == []
    refused(http.get(f"{location}/result"))
    refused(http.post(f"{location}/video", files={"video_file": video_of(session["actions"])}))


def test_a_recording_of_another_session_is_not_alive(http: httpx.Client, sessions: str) -> None:
    session = created(http, sessions, kinds="1,2")
    location = f"{sessions}/{session['session_id']}"
    assert http.post(f"{location}/video", files={"video_file": video_of(session["actions"][::-1])}).status_code == 200
    result = http.get(f"{location}/result").json()
    assert result["alive"] is False
    assert result["warnings"] in ([6, 201], [6, 202])  # both, by the actions that were drawn


def test_an_extra_turn_before_the_last_action_is_named(http: httpx.Client, sessions: str) -> None:
    session = created(http, sessions, kinds="1,2")
    first, second = session["actions"]
    location = f"{sessions}/{session['session_id']}"
    assert http.post(f"{location}/video", files={"video_file": video_of([second, first, second])}).status_code == 200
    result = http.get(f"{location}/result").json()
    assert result["alive"] is False
    assert result["warnings"] == [6, 203]


def test_a_mirrored_video_has_left_and_right_changed(http: httpx.Client, sessions: str) -> None:
    session = created(http, sessions, kinds="1,2", mirrored=True)
    assert session["mirrored"] is True
    location = f"{sessions}/{session['session_id']}"
    performed = [3 - action for action in session["actions"]]
    assert http.post(f"{location}/video", files={"video_file": video_of(performed)}).status_code == 200
    assert http.get(f"{location}/result").json()["alive"] is True


def test_an_unusable_video_ends_the_session(http: httpx.Client, sessions: str) -> None:
    location = f"{sessions}/{created(http, sessions)['session_id']}"
    refused(http.post(f"{location}/video", files={"video_file": b"nothing"}), "FRS.0701")
    refused(http.post(f"{location}/video", files={"video_file": b"nothing"}))
    refused(http.get(f"{location}/result"))


def test_actions_are_random(http: httpx.Client, sessions: str) -> None:
    sequences = [tuple(created(http, sessions, count=5)["actions"]) for _ in range(12)]
    assert len(set(sequences)) > 6
    assert {action for actions in sequences for action in actions} == {1, 2, 3}
    assert all(action != next_action for actions in sequences for action, next_action in pairwise(actions))
    assert created(http, sessions, count=2, kinds="4")["actions"] == [4, 4]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"count": 0}, "FRS.0012"),
        ({"count": 6}, "FRS.0012"),
        ({"kinds": "7"}, "FRS.0702"),
        ({"kinds": ""}, "FRS.0011"),
        ({"mirrored": "yes"}, "FRS.0012"),
    ],
)
def test_invalid_session_options_are_rejected(
    http: httpx.Client, sessions: str, body: dict[str, Any], code: str
) -> None:
    refused(http.post(sessions, json=body), code)


def test_unknown_sessions_are_rejected(http: httpx.Client, sessions: str) -> None:
    for name in ("0" * 32, "x", "%2e%2e", "'--"):
        refused(http.get(f"{sessions}/{name}/result"))
        refused(http.post(f"{sessions}/{name}/video", files={"video_file": performance(AHEAD, LEFT)}))
