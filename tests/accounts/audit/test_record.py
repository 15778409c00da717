"""Actors, operations and outcomes in the audit log, its filters and its exports."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from openfrs.accounts.audit import commands
from openfrs.accounts.audit.export import ExportFormat, exported
from openfrs.accounts.audit.log import FileAuditLog
from openfrs.accounts.audit.search import AuditFilter, parse_audit_time
from openfrs.cli.main import main
from tests.support.fake_models import photo
from tests.support.in_process import InProcessServer, in_process
from tests.support.tenants import Tenant, accounts, log_in


@pytest.fixture(autouse=True)
def no_face_sets(tenant: Tenant) -> Iterator[None]:
    """Delete the face sets of a test: other tests list all of the project."""
    yield
    with tenant.client() as client:
        for face_set in client.get(f"{tenant.base}/face-sets").json()["face_sets_info"]:
            client.delete(f"{tenant.base}/face-sets/{face_set['face_set_name']}")


def found(tenant: Tenant, client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    response = client.get(f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/audit", params=query)
    assert response.status_code == 200, response.text
    entries: list[dict[str, Any]] = response.json()["entries"]
    return entries


def test_a_write_names_its_actor_operation_face_set_and_outcome(tenant: Tenant) -> None:
    with tenant.client("operator") as client, tenant.client() as admin:
        client.post(f"{tenant.base}/face-sets", json={"face_set_name": "集 合"})
        client.post(f"{tenant.base}/face-sets/集 合/faces", files={"image_file": photo((200, 90, 90))})
        client.post(f"{tenant.base}/face-sets/集 合/faces", json={})
        client.delete(f"{tenant.base}/face-sets/集 合")
        entries = [entry for entry in found(tenant, admin, text="集 合") if entry["event"] == "write"]
    assert [(entry["operation"], entry["outcome"]) for entry in entries] == [
        ("delete_face_set", "success"),
        ("add_faces", "failure"),
        ("add_faces", "success"),
        ("create_face_set", "success"),
    ]
    assert {(entry["actor"], entry["face_set"]) for entry in entries} == {(f"{tenant.name}/operator", "集 合")}


def test_a_managed_user_is_named(tenant: Tenant) -> None:
    users = f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/users"
    with tenant.client() as client:
        user = client.post(users, json={"name": "managed", "role": "reader"}).json()["user"]
        client.post(f"{users}/{user['id']}/password")
        entries = found(tenant, client, text=f"{tenant.name}/managed")
    assert [(entry["operation"], entry["subject"]) for entry in entries] == [
        ("reset_password", f"{tenant.name}/managed"),
        ("create_user", f"{tenant.name}/managed"),
    ]


def test_reading_the_log_is_not_a_write(tenant: Tenant) -> None:
    with tenant.client() as client:
        found(tenant, client)
        newest = found(tenant, client)[0]
    assert (newest["event"], newest["operation"], newest["outcome"]) == ("read", "list_audit", "success")


def test_sign_ins_are_recorded(tenant: Tenant) -> None:
    response = log_in(tenant.server, tenant.name, "admin", tenant.passwords["admin"], "main")
    with tenant.client() as client:
        entry = found(tenant, client, operation="sign-in")[0]
    assert entry["request_id"] == response.headers["X-Request-Id"]
    assert (entry["actor"], entry["address"], entry["outcome"]) == (f"{tenant.name}/admin", "127.0.0.1", "success")


def test_searches_are_listed_by_their_operation(tenant: Tenant) -> None:
    with tenant.client() as client:
        client.post(f"{tenant.base}/face-sets", json={"face_set_name": "probed"})
        response = client.post(f"{tenant.base}/face-sets/probed/search", files={"image_file": photo((200, 90, 90))})
        assert response.status_code == 200
        request_id = response.headers["X-Request-Id"]
        (entry,) = found(tenant, client, operation="search", text=request_id)
        assert {each["event"] for each in found(tenant, client, text=request_id)} == {"read"}
    assert (entry["event"], entry["operation"], entry["face_set"]) == ("search", "search", "probed")
    assert entry["actor"] == f"{tenant.name}/admin"
    assert request_id in (tenant.server.data / "audit-searches.jsonl").read_text("utf-8")


@pytest.fixture
def silent_server(tmp_path: Path) -> Iterator[InProcessServer]:
    with in_process(tmp_path / "data", audit_searches=False) as server:
        yield server


def test_searches_are_not_recorded_if_the_setting_is_off(silent_server: InProcessServer) -> None:
    tenant = Tenant.new(silent_server)
    with tenant.client() as client:
        client.post(f"{tenant.base}/face-sets", json={"face_set_name": "probed"})
        client.post(f"{tenant.base}/face-sets/probed/search", files={"image_file": photo((200, 90, 90))})
        assert found(tenant, client, operation="search") == []
        assert found(tenant, client, operation="create_face_set")


def test_an_admin_reads_the_commands_on_the_project_and_its_users(
    tenant: Tenant, other: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "anna")
    tenant.add_user("ordered")
    accounts(tenant.server, "reset-password", tenant.name, "ordered")
    accounts(tenant.server, "grant", tenant.name, "ordered", "main", "reader")
    with tenant.client() as client, other.client() as other_client:
        entries = found(tenant, client, text=f"{tenant.name}/ordered")
        assert found(other, other_client, text=f"{tenant.name}/ordered") == []
    assert [(entry["operation"], entry["outcome"]) for entry in entries] == [
        ("grant", "success"),
        ("reset-password", "success"),
        ("create-user", "success"),
    ]
    assert {entry["actor"] for entry in entries} == {commands.origin()["actor"]}
    assert "(sudo by anna)" in entries[0]["actor"]
    assert all(entry["address"] == commands.origin()["address"] for entry in entries)


def test_a_command_that_fails_is_recorded(tenant: Tenant) -> None:
    with pytest.raises(AssertionError):
        accounts(tenant.server, "grant", tenant.name, "nobody", "main", "reader")
    with pytest.raises(AssertionError):
        accounts(tenant.server, "create-user", tenant.name, "admin", "--project", "main")
    with tenant.client() as client:
        entry = found(tenant, client, operation="create-user", outcome="failure")[0]
    assert entry["command"] == f"create user {tenant.name}/admin"


def test_an_admin_reads_the_exports_of_the_project(
    tenant: Tenant, other: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    with tenant.client() as client, other.client() as other_client:
        client.post(f"{tenant.base}/face-sets", json={"face_set_name": "exported"})
        options = ["--project", tenant.project_id, "--data", str(tenant.server.data)]
        monkeypatch.setattr(sys, "argv", ["openfrs", "export", "exported", str(tmp_path / "archive"), *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        entry = found(tenant, client, operation="export")[0]
        assert found(other, other_client, operation="export") == []
    assert (entry["face_set"], entry["outcome"]) == ("exported", "success")
    assert entry["actor"].startswith("system user ")


def test_entries_of_earlier_releases_are_found(tmp_path: Path) -> None:
    old_write = {"time": "2026-01-01", "event": "write", "user_id": "abc", "status": 404}
    assert AuditFilter(outcome="failure", actor="AB").matches(old_write)
    assert AuditFilter(operation="write").matches(old_write)
    assert AuditFilter(outcome="failure", actor="acme/anna").matches({"event": "login failed", "account": "/acme/Anna"})
    assert not AuditFilter(outcome="failure").matches({"event": "import", "project": "x", "faces": 3})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("2026-05-04", "2026-05-04T00:00:00.000+00:00"),
        ("2026-05-04T09:30:00+08:00", "2026-05-04T01:30:00.000+00:00"),
        ("2026-05-04T09:30:00.5Z", "2026-05-04T09:30:00.500+00:00"),
    ],
)
def test_times_are_converted_to_the_format_of_entries(text: str, expected: str) -> None:
    assert parse_audit_time(text) == expected


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"until": "0001-01-01T00:00+08:00"}, {"outcome": "unknown"}, {"format": "xml"}]
)
def test_invalid_conditions_are_rejected(tenant: Tenant, query: dict[str, str]) -> None:
    with tenant.client() as client:
        url = f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/audit/export"
        response = client.get(url, params=query)
    assert (response.status_code, response.json()["error_code"]) == (400, "FRS.0012")


def test_entries_are_filtered_by_time(tenant: Tenant) -> None:
    with tenant.client() as client:
        client.post(f"{tenant.base}/face-sets", json={"face_set_name": "timed"})
        client.delete(f"{tenant.base}/face-sets/timed")
        deleted, created = found(tenant, client, text="timed", limit=2)
        if deleted["time"] == created["time"]:
            pytest.skip("both entries have the same millisecond")
        assert found(tenant, client, text="timed", since=deleted["time"])[-1] == deleted
        assert found(tenant, client, text="timed", until=deleted["time"])[0] == created


def test_entries_are_exported_as_csv_and_jsonl_in_pages(tenant: Tenant) -> None:
    url = f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/audit/export"
    with tenant.client() as client:
        for name in ("first", "second"):
            client.post(f"{tenant.base}/face-sets", json={"face_set_name": name})
        query = {"operation": "create_face_set", "actor": "ADMIN"}
        table = client.get(url, params=query)
        rows = list(csv.DictReader(io.StringIO(table.text)))
        assert [row["face_set"] for row in rows[:2]] == ["second", "first"]
        assert table.headers["Content-Type"].startswith("text/csv")
        assert table.headers["X-Audit-Before"] == ""
        page = client.get(url, params={**query, "format": "jsonl", "limit": 1})
        assert json.loads(page.text)["face_set"] == "second"
        rest = client.get(url, params={**query, "format": "jsonl", "before": page.headers["X-Audit-Before"]})
        entries = [json.loads(line)["face_set"] for line in (page.text + rest.text).splitlines()]
    assert entries == [row["face_set"] for row in rows]


def test_csv_holds_no_formulas_and_loses_nothing() -> None:
    entry = {"time": "t", "event": "login failed", "account": "=HYPERLINK(1)", "count": 3, "reason": 'a,"b"\nc'}
    (row,) = csv.DictReader(io.StringIO("".join(exported([entry], ExportFormat.CSV))))
    assert (row["actor"], row["outcome"]) == ("'=HYPERLINK(1)", "failure")
    assert row["reason"] == entry["reason"]
    assert json.loads(row["details"]) == {"count": 3}


def test_the_command_prints_all_projects(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with tenant.client() as client:
        client.post(f"{tenant.base}/face-sets", json={"face_set_name": "printed"})

    def printed(*options: str) -> list[dict[str, Any]]:
        monkeypatch.setattr(sys, "argv", ["openfrs", "audit", "--data", str(tenant.server.data), *options])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [entry["face_set"] for entry in printed("--text", "printed")] == ["printed"]
    assert printed("--text", "printed", "--project", "none") == []
    assert printed("--text", "printed", "--since", "9999-01-01") == []


def test_searches_do_not_displace_writes(tmp_path: Path) -> None:
    with closing(FileAuditLog(tmp_path / "audit.jsonl")) as log:
        log.record("write", number=1)
        log.record("search", number=2)
        log.record("sign-in", number=3)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["audit-searches.jsonl", "audit-sign-ins.jsonl", "audit.jsonl"]
