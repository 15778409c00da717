"""Faces as a table: filtered, sorted, counted."""

from typing import Any

import httpx
import pytest

from tests.support.fake_models import photo
from tests.support.servers import Server

FACES: list[dict[str, Any]] = [
    {"id": "b", "fields": {"age": 30, "city": "Wien"}},
    {"id": "a", "fields": {"age": 20}},
    {"id": "d", "fields": {"city": "Bern", "active": True}},
    {"id": "c", "fields": {"age": 30, "city": "Aachen", "active": False}},
]


@pytest.fixture
def table(server: Server, http: httpx.Client) -> str:
    """URL of the table of a face set with four faces."""
    fields = {"age": {"type": "integer"}, "city": {"type": "string"}, "active": {"type": "boolean"}}
    http.post(f"{server.project}/face-sets", json={"face_set_name": "t", "external_fields": fields})
    for number, face in enumerate(FACES):
        body = {"external_image_id": face["id"], "external_fields": str(face["fields"]).replace("'", '"')}
        image = photo((200, 60 + 16 * number, 60))
        added = http.post(f"{server.project}/face-sets/t/faces", files={"image_file": image}, data=body)
        assert added.status_code == 200, added.text
    return f"{server.endpoint}/x/v1/{server.credentials['project_id']}/face-sets/t/faces"


def ids(http: httpx.Client, table: str, **query: Any) -> tuple[int, str]:
    response = http.get(table, params=query)
    assert response.status_code == 200, response.text
    page = response.json()
    return page["total"], "".join(face["external_image_id"] for face in page["faces"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "badc"),
        ({"order": "desc"}, "cdab"),
        ({"sort": "external_image_id"}, "abcd"),
        ({"sort": "external_image_id", "order": "desc"}, "dcba"),
        ({"sort": "age"}, "abcd"),  # equal ages in order of enrolment, the face without an age last
        ({"sort": "age", "order": "desc"}, "bcad"),
        ({"sort": "city"}, "cdba"),
        ({"sort": "city", "order": "desc"}, "bdca"),
        ({"sort": "active"}, "cdba"),
        ({"filter": "age:30"}, "bc"),
        ({"filter": "age:30", "sort": "city"}, "cb"),
        ({"filter": "age:99"}, ""),
    ],
)
def test_faces_are_filtered_and_sorted(http: httpx.Client, table: str, query: dict[str, str], expected: str) -> None:
    assert ids(http, table, **query) == (len(expected), expected)


def test_pages_cover_all_faces_with_a_constant_total(http: httpx.Client, table: str) -> None:
    assert [ids(http, table, sort="external_image_id", offset=at, limit=3) for at in (0, 3, 6)] == [
        (4, "abc"),
        (4, "d"),
        (4, ""),
    ]


def test_deletions_and_updates_are_visible_immediately(server: Server, http: httpx.Client, table: str) -> None:
    assert ids(http, table, sort="external_image_id") == (4, "abcd")
    http.delete(f"{server.project}/face-sets/t/faces", params={"external_image_id": "b"})
    face = http.get(table, params={"filter": "external_image_id:a"}).json()["faces"][0]
    http.put(f"{server.project}/face-sets/t/faces", json={"face_id": face["face_id"], "external_image_id": "z"})
    assert ids(http, table, sort="external_image_id") == (3, "cdz")


@pytest.mark.parametrize(
    "query",
    [{"sort": "none"}, {"filter": "age:["}, {"order": "up"}, {"offset": -1}, {"limit": 0}, {"limit": 1001}],
)
def test_invalid_queries_are_rejected(http: httpx.Client, table: str, query: dict[str, Any]) -> None:
    response = http.get(table, params=query)
    assert (response.status_code, response.json()["error_code"]) == (400, "FRS.0012")


def test_a_missing_face_set_is_rejected(http: httpx.Client, table: str) -> None:
    response = http.get(table.replace("/t/", "/none/"))
    assert (response.status_code, response.json()["error_code"]) == (400, "FRS.0302")
