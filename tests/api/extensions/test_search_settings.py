"""The default threshold of searches in a face set."""

from typing import Any

import httpx
import pytest

from tests.support.fake_models import photo
from tests.support.servers import Server

PERSON, OTHER = (200, 60, 60), (60, 200, 60)


@pytest.fixture
def face_set(server: Server, http: httpx.Client) -> str:
    """URL of a face set with two people, under /x/v1."""
    http.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
    for person in (PERSON, OTHER):
        added = http.post(f"{server.project}/face-sets/s/faces", files={"image_file": photo(person)})
        assert added.status_code == 200, added.text
    return f"{server.endpoint}/x/v1/{server.credentials['project_id']}/face-sets/s"


def count_found(server: Server, http: httpx.Client, **options: Any) -> int:
    """Return the number of results of a search."""
    for version in ("v1", "v2"):
        url = f"{server.endpoint}/{version}/{server.credentials['project_id']}/face-sets/s/search"
        answer = http.post(url, files={"image_file": photo(PERSON)}, data=options)
        assert answer.status_code == 200, answer.text
    return len(answer.json()["faces"])


def test_the_threshold_applies_to_searches_that_give_none(server: Server, http: httpx.Client, face_set: str) -> None:
    settings = f"{face_set}/search-settings"
    assert http.get(settings).json() == {"threshold": None}
    assert count_found(server, http) == 2
    assert http.put(settings, json={"threshold": 0.955}).json() == {"threshold": 0.955}
    assert http.get(settings).json() == {"threshold": 0.955}
    assert count_found(server, http) == 1
    assert count_found(server, http, threshold=0) == 2
    assert http.delete(settings).json() == {"threshold": None}
    assert count_found(server, http) == 2


def test_changes_are_in_the_audit_log(server: Server, http: httpx.Client, face_set: str) -> None:
    http.put(f"{face_set}/search-settings", json={"threshold": 0.5})
    http.delete(f"{face_set}/search-settings")
    audit = f"{server.endpoint}/x/v1/accounts/{server.credentials['project_id']}/audit"
    entries = http.get(audit, params={"text": "s/search-settings"}).json()["entries"]
    newest = [(entry["method"], entry["face_set"], entry["status"]) for entry in entries[:2]]
    assert newest == [("DELETE", "s", 200), ("PUT", "s", 200)]


@pytest.mark.parametrize("body", [{}, {"threshold": 1.1}, {"threshold": -1}, {"threshold": "x"}, {"other": 1}])
def test_invalid_settings_are_rejected(http: httpx.Client, face_set: str, body: dict[str, Any]) -> None:
    response = http.put(f"{face_set}/search-settings", json=body)
    assert response.status_code == 400
    assert http.get(f"{face_set}/search-settings").json() == {"threshold": None}


def test_an_unknown_set_is_reported(http: httpx.Client, face_set: str) -> None:
    settings = f"{face_set[:-1]}none/search-settings"
    for response in (http.get(settings), http.put(settings, json={"threshold": 0.5}), http.delete(settings)):
        assert response.json()["error_code"] == "FRS.0302"
