"""Retention and legal holds over HTTP, and their effect on FRS operations."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo
from tests.support.servers import Server

ANNA, BERTA = (200, 40, 90), (40, 90, 200)


@pytest.fixture
def x(server: Server) -> str:
    return f"/x/v1/{server.credentials['project_id']}"


@pytest.fixture
def path(x: str, face_set: str) -> str:
    """Extension path of an existing face set."""
    return f"{x}{face_set}"


def add(frs: Frs, person: tuple[int, int, int]) -> str:
    response = ok(frs.post("/face-sets/test/faces", files={"image_file": photo(person)}))
    return str(response["faces"][0]["face_id"])


def test_a_rule_is_set_shown_and_deleted(http: httpx.Client, path: str) -> None:
    assert ok(http.get(f"{path}/retention")) == {"retention": {}}
    rule = {"days": 30, "date_field": "a_string"}
    assert ok(http.put(f"{path}/retention", json={"retention": rule})) == {"retention": rule}
    assert ok(http.get(f"{path}/retention")) == {"retention": rule}
    assert ok(http.put(f"{path}/retention", json={"retention": {"days": 7}})) == {"retention": {"days": 7}}
    assert ok(http.delete(f"{path}/retention")) == {"retention": {}}


def test_invalid_rules_are_rejected(http: httpx.Client, path: str) -> None:
    refusal(http.put(f"{path}/retention", json={"days": 7}), "FRS.0011")
    refusal(http.put(f"{path}/retention", json={"retention": []}), "FRS.0012")
    refusal(http.put(f"{path}/retention", json={"retention": {}}), "FRS.0012")
    refusal(http.put(f"{path}/retention", json={"retention": {"date_field": "none"}}), "FRS.0405")
    refusal(http.put(f"{path}/legal-hold", json={}), "FRS.0011")
    for reason in ("", "x" * 257, "a\nb"):
        refusal(http.put(f"{path}/legal-hold", json={"reason": reason}), "FRS.0012")
    assert ok(http.get(f"{path}/retention")) == {"retention": {}}


def test_rules_and_holds_of_a_missing_face_set(http: httpx.Client, x: str) -> None:
    path = f"{x}/face-sets/{quote('a/b', safe='')}"
    refusal(http.get(f"{path}/retention"), "FRS.0302")
    refusal(http.put(f"{path}/retention", json={"retention": {"days": 1}}), "FRS.0302")
    refusal(http.put(f"{path}/legal-hold", json={"reason": "x"}), "FRS.0302")
    refusal(http.delete(f"{path}/legal-hold"), "FRS.0302")


def test_a_legal_hold_prevents_every_deletion(http: httpx.Client, frs: Frs, path: str) -> None:
    face_id = add(frs, ANNA)
    assert ok(http.put(f"{path}/legal-hold", json={"reason": "case 7"})) == {"retention": {}, "legal_hold": "case 7"}
    held = [
        frs.delete("/face-sets/test"),
        frs.delete("/face-sets/test/faces", params={"face_id": face_id}),
        frs.delete("/face-sets/test/faces", params={"a_integer": "1"}),
        frs.request("DELETE", "/face-sets/test/faces/batch", json={"filter": "a_integer:1"}),
    ]
    for response in held:
        message = refusal(response, "APIG.0306", status=403)
        assert "the face set test is under legal hold" in message
    add(frs, BERTA)
    assert len(ok(frs.get("/face-sets/test/faces"))["faces"]) == 2
    assert ok(http.delete(f"{path}/legal-hold")) == {"retention": {}}
    assert ok(frs.delete("/face-sets/test/faces", params={"face_id": face_id}))["face_number"] == 1


def test_deletions_are_listed(http: httpx.Client, frs: Frs, x: str, path: str) -> None:
    ids = [add(frs, person) for person in (ANNA, BERTA)]
    set_id = ok(frs.get("/face-sets/test"))["face_set_info"]["face_set_id"]
    ok(frs.delete("/face-sets/test/faces", params={"face_id": ids[0]}))
    ok(frs.delete("/face-sets/test"))
    last, before = ok(http.get(f"{x}/deletions", params={"limit": 2}))["deletions"]
    of_set = {"face_set_name": "test", "face_set_id": set_id, "faces": 1}
    assert {**last, **of_set, "rule": "set", "face_ids": [ids[1]]} == last
    assert {**before, **of_set, "rule": "request", "face_ids": [ids[0]]} == before
    assert datetime.now(UTC) - datetime.fromisoformat(last["deleted_at"]) < timedelta(minutes=5)
    assert last["digest"] != before["digest"]
    assert ok(http.get(f"{x}/deletions", params={"limit": 1, "before": last["id"]}))["deletions"] == [before]
    refusal(http.get(f"{x}/deletions", params={"limit": 201}), "FRS.0012")
