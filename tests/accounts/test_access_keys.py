"""Access keys: creation, revocation, temporary keys, and rejection of replayed writes."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from openfrs.accounts.replays import REPEAT_SECONDS
from openfrs.store import counters
from tests.support.fake_models import photo
from tests.support.signing import signed_headers
from tests.support.tenants import Tenant, accounts


def temporary(tenant: Tenant, user: str, **options: Any) -> httpx.Response:
    token = {"id": tenant.token(user), **options}
    body = {"auth": {"identity": {"methods": ["token"], "token": token}}}
    return tenant.server.anonymous.post("/v3.0/OS-CREDENTIAL/securitytokens", json=body)


@pytest.mark.parametrize("seconds", [0, 899, 86_401])
def test_the_lifetime_of_a_temporary_key_is_limited(tenant: Tenant, seconds: int) -> None:
    assert temporary(tenant, "reader", duration_seconds=seconds).status_code == 400


def temporary_by(key: dict[str, str], tenant: Tenant) -> httpx.Response:
    """Create a temporary key with a temporary key."""
    path = "/v3.0/OS-CREDENTIAL/securitytokens"
    body = b'{"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 86400}}}}'
    account = {"access_key": key["access"], "secret_key": key["secret"]}
    headers = signed(tenant, "POST", path, body, account, {"x-security-token": key["securitytoken"]})
    return tenant.server.anonymous.post(path, content=body, headers=headers)


def test_a_temporary_key_expires_no_later_than_its_credentials(tenant: Tenant) -> None:
    response = tenant.server.anonymous.get(
        f"{tenant.server.endpoint}/v3/auth/tokens",
        headers={"X-Auth-Token": tenant.token("reader"), "X-Subject-Token": tenant.token("reader")},
    )
    end = response.json()["token"]["expires_at"]
    of_token = temporary(tenant, "reader", duration_seconds=86_400).json()["credential"]
    assert of_token["expires_at"] == end  # the token existed first
    short = temporary(tenant, "reader", duration_seconds=900).json()["credential"]
    assert temporary_by(short, tenant).json()["credential"]["expires_at"] == short["expires_at"]


def test_a_replayed_signature_creates_no_temporary_key(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/v3.0/OS-CREDENTIAL/securitytokens"
    body = b'{"auth": {"identity": {"methods": ["token"]}}}'
    headers = signed(tenant, "POST", path, body)
    assert tenant.server.anonymous.post(path, content=body, headers=headers).status_code == 201
    wait_until_repetitions_are_replays(monkeypatch)
    second = tenant.server.anonymous.post(path, content=body, headers=headers)
    assert second.status_code == 401
    assert "used before" in second.json()["error"]["message"]


def test_a_security_token_is_not_an_auth_token(tenant: Tenant) -> None:
    key = temporary(tenant, "reader").json()["credential"]
    response = tenant.server.anonymous.get(f"{tenant.base}/face-sets", headers={"X-Auth-Token": key["securitytoken"]})
    assert response.json()["error_code"] == "FRS.0002"


def signed(
    tenant: Tenant,
    method: str,
    path: str,
    body: bytes,
    account: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    return signed_headers(tenant.server, account or tenant.account, method, path, body, more)


def wait_until_repetitions_are_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    later = counters._running_seconds() + REPEAT_SECONDS + 1
    monkeypatch.setattr(counters, "_running_seconds", lambda: later)


def test_a_replayed_write_is_rejected_and_a_replayed_read_is_not(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, body = f"/v2/{tenant.project_id}/face-sets", b'{"face_set_name": "replayed"}'
    headers = signed(tenant, "POST", path, body)
    assert tenant.server.anonymous.post(path, content=body, headers=headers).status_code == 200
    wait_until_repetitions_are_replays(monkeypatch)
    second = tenant.server.anonymous.post(path, content=body, headers=headers)
    assert (second.status_code, second.json()["error_code"]) == (401, "APIG.0301")
    assert "used before" in second.json()["error_msg"]
    headers = signed(tenant, "GET", path, b"")
    assert [tenant.server.anonymous.get(path, headers=headers).status_code for _ in range(2)] == [200, 200]
    with tenant.client() as client:
        assert client.delete(f"{tenant.base}/face-sets/replayed").status_code == 200


def test_a_signed_head_is_accepted(tenant: Tenant) -> None:
    path = f"/v2/{tenant.project_id}/face-sets"
    headers = signed(tenant, "HEAD", path, b"")
    assert tenant.server.anonymous.head(path, headers=headers).status_code == 200
    assert tenant.server.anonymous.get(path, headers=headers).status_code == 401


def test_a_write_repeated_within_a_second_is_executed_again(tenant: Tenant) -> None:
    path, body = f"/v2/{tenant.project_id}/face-sets", b'{"face_set_name": "twice"}'
    headers = signed(tenant, "POST", path, body)
    first, second = (tenant.server.anonymous.post(path, content=body, headers=headers).json() for _ in range(2))
    assert first["face_set_info"]["face_set_name"] == "twice"
    assert second["error_code"] == "FRS.0301"
    headers = signed(tenant, "DELETE", f"{path}/twice", b"")
    first, second = (tenant.server.anonymous.delete(f"{path}/twice", headers=headers).json() for _ in range(2))
    assert first == {"face_set_name": "twice"}
    assert second["error_code"] == "FRS.0302"


def test_forms_signed_without_their_content_are_different_writes(tenant: Tenant) -> None:
    """As Java, Go, Node and .NET sign them: neither content nor content type, so two forms of a second share a signature."""
    path = f"/v2/{tenant.project_id}/face-sets"
    with tenant.client() as client:
        assert client.post(path, json={"face_set_name": "forms"}).status_code == 200
        headers = signed(tenant, "POST", f"{path}/forms/faces", b"", more={"x-sdk-content-sha256": "UNSIGNED-PAYLOAD"})
        for colour in ((200, 60, 60), (60, 200, 60), (60, 60, 200)):
            added = tenant.server.anonymous.post(
                f"{path}/forms/faces", files={"image_file": photo(colour)}, headers=headers
            )
            assert added.status_code == 200, added.text
        assert client.get(f"{path}/forms").json()["face_set_info"]["face_number"] == 3
        assert client.delete(f"{path}/forms").status_code == 200


def test_a_rejected_write_can_be_sent_again(tenant: Tenant) -> None:
    """A request rejected for its role or quota does not use up its signature."""
    tenant.add_user("late", "reader")
    key = accounts(tenant.server, "create-key", tenant.name, "late")
    path, body = f"/v2/{tenant.project_id}/face-sets", b'{"face_set_name": "late"}'
    expiring = Tenant(tenant.server, {**tenant.account, **key})
    headers = signed(expiring, "POST", path, body)
    assert tenant.server.anonymous.post(path, content=body, headers=headers).status_code == 403
    accounts(tenant.server, "grant", tenant.name, "late", "main", "operator")
    assert tenant.server.anonymous.post(path, content=body, headers=headers).status_code == 200
    with tenant.client() as client:
        assert client.delete(f"{tenant.base}/face-sets/late").status_code == 200


def test_old_sdks_hash_the_multipart_body(tenant: Tenant) -> None:
    body = b'--B\r\nContent-Disposition: form-data; name="image_file"; filename="a"\r\n\r\nnot an image\r\n--B--\r\n'
    path = f"/v2/{tenant.project_id}/face-detect"
    headers = {**signed(tenant, "POST", path, body), "Content-Type": "multipart/form-data; boundary=B"}
    response = tenant.server.anonymous.post(path, content=body, headers=headers)
    assert response.json()["error_code"] == "FRS.0015"
    response = tenant.server.anonymous.post(path, content=body.replace(b"not", b"now"), headers=headers)
    assert response.json()["error_code"] == "APIG.0301"
