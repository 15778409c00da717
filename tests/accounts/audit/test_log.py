"""Entries of the audit log."""

import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openfrs.accounts.audit import log as audit_log
from openfrs.accounts.audit.log import FileAuditLog
from tests.support.fake_models import photo
from tests.support.tenants import Tenant, accounts, log_in


def entries(tenant: Tenant, file: str = "audit.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tenant.server.data / file).read_text("utf-8").splitlines()]


def test_every_write_is_logged_with_user_target_address_and_outcome(tenant: Tenant) -> None:
    with tenant.client("operator") as client:
        created = client.post(f"{tenant.base}/face-sets", json={"face_set_name": "audited"})
        added = client.post(f"{tenant.base}/face-sets/audited/faces", files={"image_file": photo((200, 90, 90))})
        client.get(f"{tenant.base}/face-sets")
        deleted = client.delete(f"{tenant.base}/face-sets/audited/faces?external_image_id=none")
        client.delete(f"{tenant.base}/face-sets/audited")
    by_request = {entry.get("request_id"): entry for entry in entries(tenant)}
    entry = by_request[created.headers["X-Request-Id"]]
    assert entry["event"] == "write"
    assert entry["method"] == "POST"
    assert entry["target"] == f"/v2/{tenant.project_id}/face-sets"
    assert entry["project_id"] == tenant.project_id
    assert entry["address"] == "127.0.0.1"
    assert entry["status"] == 200
    assert by_request[added.headers["X-Request-Id"]]["user_id"] == entry["user_id"]
    refused = by_request[deleted.headers["X-Request-Id"]]
    assert refused["status"] == 400
    assert refused["target"].endswith("?external_image_id=none")
    assert not [
        each
        for each in by_request.values()
        if each.get("method") == "GET"
        and each["event"] == "write"
        and "/users" not in each["target"]
        and "/x/v1" not in each["target"]
    ]


def test_revoked_tokens_and_temporary_keys_are_logged(tenant: Tenant) -> None:
    token = log_in(tenant.server, tenant.name, "admin", tenant.passwords["admin"], "main").headers["X-Subject-Token"]
    body = {"auth": {"identity": {"methods": ["token"]}}}
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    with tenant.server.client(headers=headers) as client:
        responses = [client.post("/v3.0/OS-CREDENTIAL/securitytokens", json=body), client.delete("/v3/auth/tokens")]
        client.get("/health")  # an entry is written after its response is sent
    by_request = {entry.get("request_id"): entry for entry in entries(tenant)}
    for response, target in zip(responses, ("/v3.0/OS-CREDENTIAL/securitytokens", "/v3/auth/tokens"), strict=True):
        entry = by_request[response.headers["X-Request-Id"]]
        assert (entry["event"], entry["target"], entry["status"]) == ("write", target, response.status_code)
        assert entry["user_id"]


def test_failed_logins_are_logged(tenant: Tenant) -> None:
    response = log_in(tenant.server, tenant.name, "stranger", "wrong", "main")
    request_id = response.headers["X-Request-Id"]
    assert request_id not in {each.get("request_id") for each in entries(tenant)}
    entry = next(each for each in entries(tenant, "audit-logins.jsonl") if each.get("request_id") == request_id)
    assert entry["event"] == "login failed"
    assert entry["account"] == f"/{tenant.name}/stranger"
    assert entry["reason"] == "The username or password is wrong."


def test_commands_are_logged(tenant: Tenant) -> None:
    tenant.add_user("commanded")
    assert f"create user {tenant.name}/commanded" in {each.get("command") for each in entries(tenant)}


def test_secrets_are_not_logged(tenant: Tenant) -> None:
    key = accounts(tenant.server, "create-key", tenant.name, "admin")
    token = tenant.token("operator")
    tenant.server.anonymous.post(
        f"{tenant.base}/face-sets", json={"face_set_name": "x"}, headers={"X-Auth-Token": token}
    )
    tenant.server.anonymous.delete(f"{tenant.base}/face-sets/x", headers={"X-Auth-Token": token})
    text = (tenant.server.data / "audit.jsonl").read_text("utf-8")
    for secret in (key["secret_key"], token, tenant.passwords["admin"], tenant.passwords["operator"], "wrong"):
        assert f'"{secret}"' not in text
        assert len(secret) < 10 or secret not in text


def test_the_log_is_private_appended_to_and_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "MAX_BYTES", 1000)
    file = tmp_path / "audit.jsonl"
    for _ in range(2):
        log = FileAuditLog(file)
        for number in range(20):
            log.record("test", number=number)
        log.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) > 2
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    numbers = [json.loads(line)["number"] for each in files for line in each.read_text().splitlines()]
    assert sorted(numbers) == sorted([*range(20), *range(20)])


def test_failed_logins_do_not_displace_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "MAX_BYTES", 1000)
    with closing(FileAuditLog(tmp_path / "audit.jsonl")) as log:
        log.record("write", number=1)
        for number in range(1000):
            log.record("login failed", number=number)
        log.record("write", number=2)
        events = [json.loads(line)["event"] for line in log.newest_first()]
    assert (events[0], events[-1]) == ("write", "write")
    assert 10 < events.count("login failed") < 100
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 6 * 1200


def test_texts_in_entries_are_cut(tmp_path: Path) -> None:
    with closing(FileAuditLog(tmp_path / "audit.jsonl")) as log:
        log.record("write", target="x" * 30_000)
        (line,) = log.newest_first()
    assert json.loads(line)["target"] == "x" * audit_log.MAX_TEXT_LENGTH
