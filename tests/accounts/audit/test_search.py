"""Search in the audit log of a project."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from openfrs.accounts.audit.log import FileAuditLog
from openfrs.accounts.audit.search import search_audit
from tests.support.fake_models import photo
from tests.support.tenants import Tenant, log_in


def search(tenant: Tenant, client: httpx.Client, **query: Any) -> dict[str, Any]:
    response = client.get(f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/audit", params=query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


def test_an_admin_finds_a_write_by_any_part_of_it(tenant: Tenant, other: Tenant) -> None:
    with tenant.client() as client, other.client() as other_client:
        created = client.post(f"{tenant.base}/face-sets", json={"face_set_name": "searched"})
        client.post(f"{tenant.base}/face-sets/searched/faces", files={"image_file": photo((200, 90, 90))})
        client.delete(f"{tenant.base}/face-sets/searched")
        request_id = created.headers["X-Request-Id"]
        (entry,) = search(tenant, client, text=request_id[:20].upper())["entries"]
        assert (entry["request_id"], entry["method"], entry["status"]) == (request_id, "POST", 200)
        targets = [each["target"] for each in search(tenant, client, text="/face-sets/searched")["entries"]]
        assert [target.removeprefix(f"/v2/{tenant.project_id}") for target in targets] == [
            "/face-sets/searched",
            "/face-sets/searched/faces",
        ]
        assert search(other, other_client, text=request_id)["entries"] == []


def test_failed_logins_are_found_only_for_users_of_the_project(tenant: Tenant, other: Tenant) -> None:
    log_in(tenant.server, tenant.name, "admin", "wrong", "main")
    with tenant.client() as client, other.client() as other_client:
        newest = search(tenant, client, text="login failed")["entries"][0]
        assert newest["account"] == f"/{tenant.name}/admin"
        assert search(other, other_client, text=f"/{tenant.name}/admin")["entries"] == []


def newest_first(path: Path) -> list[bytes]:
    with closing(FileAuditLog(path)) as log:
        return list(log.newest_first())


def test_pages_follow_one_another_without_loss(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    lines = [json.dumps({"time": f"2026-01-01T00:00:{number // 3:02}", "number": number}) for number in range(90)]
    (tmp_path / "audit.jsonl.1").write_text("\n".join(lines[:40]) + "\n")
    log.write_text("\n".join(lines[40:]) + '\n{"time": "cut sh')
    numbers: list[int] = []
    before = ""
    while True:
        page = search_audit(newest_first(log), lambda entry: entry["number"] % 2 == 0, before=before, limit=7)
        numbers += [entry["number"] for entry in page.entries]
        before = page.before
        if not before:
            break
    assert numbers == list(range(88, -1, -2))


def test_a_search_reads_a_limited_number_of_bytes(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text("".join(json.dumps({"time": f"{number:06}"}) + "\n" for number in range(1000)))
    page = search_audit(newest_first(log), lambda _: False, limit=10, max_bytes=2000)
    assert page.entries == []
    assert "000800" < page.before < "000999"
    assert search_audit(newest_first(log), lambda entry: entry["time"] == "000005", before=page.before, limit=1).entries


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "many"}, {"text": "x" * 201}])
def test_an_invalid_query_is_rejected(tenant: Tenant, query: dict[str, Any]) -> None:
    with tenant.client() as client:
        response = client.get(f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/audit", params=query)
    assert (response.status_code, response.json()["error_code"]) == (400, "FRS.0012")
