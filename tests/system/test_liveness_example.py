"""The example of a liveness session: its page, and the server between the page and the service."""

import importlib.util
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.performances import AHEAD, LEFT, RIGHT, performance
from tests.support.servers import REPOSITORY, RunningServer


@pytest.fixture(scope="module")
def page(server: RunningServer) -> Iterator[httpx.Client]:
    """A client in place of the browser."""
    spec = importlib.util.spec_from_file_location("liveness_session", REPOSITORY / "examples" / "liveness_session.py")
    assert spec is not None
    assert spec.loader is not None
    example: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    serving = example.serve(example.Application(dict(server.credentials)), 0)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{serving.server_port}", timeout=60) as client:
        yield client
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_the_page_holds_no_secret(page: httpx.Client, server: RunningServer) -> None:
    text = page.get("/").text
    assert "MediaRecorder" in text
    assert not [value for value in server.credentials.values() if len(value) > 12 and value in text]


def test_a_person_who_performs_the_actions_is_accepted(page: httpx.Client) -> None:
    for _ in range(20):  # the fake models detect no nod
        session = page.post("/session").json()
        if 3 not in session["actions"]:
            break
    directions = [AHEAD]
    for action in session["actions"]:
        directions += [{1: LEFT, 2: RIGHT}[action], AHEAD]
    path = f"/session/{session['session_id']}"
    assert page.post(path, content=performance(*directions)).json() == {"welcome": True}
    assert page.post(path, content=performance(*directions)).json()["welcome"] is False


def test_a_person_who_performs_other_actions_is_rejected(page: httpx.Client) -> None:
    session = page.post("/session").json()
    assert page.post(f"/session/{session['session_id']}", content=performance(AHEAD)).json()["welcome"] is False
    assert "reason" in json.loads(page.post(f"/session/{'0' * 32}", content=b"x").text)
