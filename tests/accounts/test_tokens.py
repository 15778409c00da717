"""Tokens: scope, expiry, revocation and key rotation."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from openfrs.accounts.keyring import KeyFile, Keyring
from openfrs.accounts.tokens import TokenIssuer
from openfrs.core.errors import ServiceError
from tests.support.servers import Server
from tests.support.tenants import Tenant, accounts, log_in
from tests.support.waiting import pause

IAM_401 = {"code": 401, "title": "Unauthorized"}


def works(tenant: Tenant, token: str) -> bool:
    response = tenant.server.anonymous.get(f"{tenant.base}/face-sets", headers={"X-Auth-Token": token})
    if response.status_code != 200:
        assert (response.status_code, response.json()["error_code"]) == (401, "FRS.0002")
    return response.status_code == 200


def new_token(tenant: Tenant, user: str) -> str:
    response = log_in(tenant.server, tenant.name, user, tenant.passwords[user], "main")
    assert response.status_code == 201, response.text
    return response.headers["X-Subject-Token"]


@pytest.mark.parametrize(
    "command",
    [
        ["reset-password", "{domain}", "{user}"],
        ["disable", "{domain}", "{user}"],
        ["withdraw", "{domain}", "{user}", "main"],
        ["grant", "{domain}", "{user}", "main", "reader"],
    ],
    ids=lambda command: command[0],
)
def test_a_change_to_a_user_revokes_its_tokens(tenant: Tenant, command: list[str]) -> None:
    user = f"user-{command[0]}"
    tenant.add_user(user)
    token, bystander = new_token(tenant, user), tenant.token("operator")
    assert works(tenant, token)
    accounts(tenant.server, *(word.format(domain=tenant.name, user=user) for word in command))
    assert not works(tenant, token)
    assert works(tenant, bystander)


def test_a_new_token_does_not_revoke_older_ones(tenant: Tenant) -> None:
    first, second = (new_token(tenant, "admin") for _ in range(2))
    assert first != second
    assert works(tenant, first)
    assert works(tenant, second)


def test_a_token_is_inspected_and_revoked(tenant: Tenant) -> None:
    token, own_token = new_token(tenant, "admin"), tenant.token()
    address = f"{tenant.server.endpoint}/v3/auth/tokens"
    headers = {"X-Auth-Token": own_token, "X-Subject-Token": token}
    description = tenant.server.anonymous.get(address, headers=headers)
    assert description.status_code == 200
    assert description.headers["X-Subject-Token"] == token
    assert description.json()["token"]["project"]["id"] == tenant.project_id
    assert description.json()["token"]["roles"] == [{"id": "admin", "name": "admin"}]
    assert tenant.server.anonymous.delete(address, headers=headers).status_code == 204
    assert not works(tenant, token)
    deleted = tenant.server.anonymous.get(address, headers=headers)
    assert deleted.status_code == 401
    assert deleted.json()["error"]["title"] == "Unauthorized"


def test_a_token_of_another_domain_cannot_be_shown_or_revoked(tenant: Tenant, other: Tenant) -> None:
    address = f"{tenant.server.endpoint}/v3/auth/tokens"
    headers = {"X-Auth-Token": tenant.token(), "X-Subject-Token": other.token()}
    assert tenant.server.anonymous.get(address, headers=headers).status_code == 404
    assert tenant.server.anonymous.delete(address, headers=headers).status_code == 403
    assert works(other, other.token())


def rescoped(tenant: Tenant, token: str, project: dict[str, str]) -> httpx.Response:
    identity = {"methods": ["token"], "token": {"id": token}}
    body = {"auth": {"identity": identity, "scope": {"project": project}}}
    return tenant.server.anonymous.post("/v3/auth/tokens", json=body)


def test_changing_the_scope_never_extends_a_token(tenant: Tenant) -> None:
    first = tenant.server.anonymous.post(
        "/v3/auth/tokens",
        json={
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": "admin",
                            "password": tenant.passwords["admin"],
                            "domain": {"name": tenant.name},
                        }
                    },
                }
            }
        },
    )
    assert "project" not in first.json()["token"]
    token, expires = first.headers["X-Subject-Token"], first.json()["token"]["expires_at"]
    for _ in range(3):
        pause(0.01)
        response = rescoped(tenant, token, {"name": "main"})
        assert response.status_code == 201
        assert response.json()["token"]["expires_at"] == expires
        assert response.json()["token"]["methods"] == ["token", "password"]
        token = response.headers["X-Subject-Token"]
    assert works(tenant, token)


def test_a_scope_in_another_domain_is_rejected(tenant: Tenant, other: Tenant) -> None:
    for project in ({"id": other.project_id}, {"id": "f" * 32}, {"name": "nothing"}):
        response = rescoped(tenant, tenant.token(), project)
        assert response.status_code == 401
        assert response.json()["error"]["message"] == "The user has no such project."


def test_the_domain_of_a_scope_must_be_the_users(tenant: Tenant, other: Tenant) -> None:
    identity = {"methods": ["token"], "token": {"id": tenant.token()}}

    def rescope_to(domain: dict[str, str]) -> httpx.Response:
        body = {"auth": {"identity": identity, "scope": {"domain": domain}}}
        return tenant.server.anonymous.post("/v3/auth/tokens", json=body)

    assert rescope_to({"name": tenant.name}).json()["token"]["domain"]["name"] == tenant.name
    for domain in ({"name": other.name}, {"id": "f" * 32}):
        refused = rescope_to(domain)
        assert (refused.status_code, refused.json()["error"]["message"]) == (401, "The user has no such domain.")


def test_a_revoked_token_cannot_be_exchanged(tenant: Tenant) -> None:
    tenant.add_user("leaver")
    token = new_token(tenant, "leaver")
    accounts(tenant.server, "disable", tenant.name, "leaver")
    assert rescoped(tenant, token, {"name": "main"}).status_code == 401


def test_key_rotation_keeps_tokens_valid(server: Server, tenant: Tenant) -> None:
    tokens = [new_token(tenant, "admin")]
    for _ in range(3):
        accounts(server, "rotate-token-keys")
        assert all(works(tenant, token) for token in tokens)
        tokens.append(new_token(tenant, "admin"))
    assert all(works(tenant, token) for token in tokens)


def test_a_staged_key_is_accepted_before_it_signs(tmp_path: Path) -> None:
    file, life = tmp_path / "keys.json", timedelta(hours=1)
    stale = Keyring(KeyFile(file))
    stale_keys = stale.tokens
    current = Keyring(KeyFile(file))
    current.rotate_token_keys(life)
    text = current.tokens.encrypt(b"x")
    assert stale_keys.decrypt(text) == b"x"  # a process that has not yet read the new file


def test_a_retired_key_is_dropped_once_its_tokens_have_expired(tmp_path: Path) -> None:
    keyring = Keyring(KeyFile(tmp_path / "keys.json"))
    text, _ = TokenIssuer(keyring, timedelta(hours=1)).issue("u", "p", 0)
    keyring.rotate_token_keys(timedelta(seconds=0))
    keyring.rotate_token_keys(timedelta(seconds=0))
    with pytest.raises(ServiceError, match=r"FRS\.0002/401"):
        TokenIssuer(keyring, timedelta(hours=1)).read(text)


def test_a_token_that_was_read_before_is_valid_no_longer_than_its_key(tmp_path: Path) -> None:
    keyring = Keyring(KeyFile(tmp_path / "keys.json"))
    issuer = TokenIssuer(keyring, timedelta(hours=1))
    text, token = issuer.issue("u", "p", 0)
    assert issuer.read(text) == issuer.read(text) == token
    for _ in range(2):
        keyring.rotate_token_keys(timedelta(seconds=0))
    with pytest.raises(ServiceError, match=r"FRS\.0002/401"):
        issuer.read(text)


def test_a_token_that_was_read_before_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = TokenIssuer(Keyring(KeyFile(tmp_path / "keys.json")), timedelta(hours=1))
    text, token = issuer.issue("u", "p", 0)
    assert issuer.read(text) == token
    monkeypatch.setattr("openfrs.accounts.tokens.utc_now", lambda: token.expires_at)
    with pytest.raises(ServiceError, match=r"FRS\.0002/401"):
        issuer.read(text)


def test_a_process_keeps_the_contents_of_the_last_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openfrs.accounts.tokens.MAX_KEPT_TOKENS", 2)
    issuer = TokenIssuer(Keyring(KeyFile(tmp_path / "keys.json")), timedelta(hours=1))
    issued = [issuer.issue("u", "p", version) for version in range(3)]
    for text, token in issued:
        assert issuer.read(text) == token
    monkeypatch.setattr("openfrs.accounts.tokens.unseal", lambda *_: pytest.fail("a token is decrypted again"))
    assert [issuer.read(text) for text, _ in issued[1:]] == [token for _, token in issued[1:]]
    with pytest.raises(pytest.fail.Exception):
        issuer.read(issued[0][0])


def test_nocatalog_leaves_the_catalogue_out(tenant: Tenant) -> None:
    body = {
        "auth": {
            "identity": {"methods": ["token"], "token": {"id": tenant.token()}},
            "scope": {"project": {"name": "main"}},
        }
    }
    address = f"{tenant.server.endpoint}/v3/auth/tokens"
    service, *_ = tenant.server.anonymous.post(address, json=body).json()["token"]["catalog"]
    assert service["endpoints"][0]["url"] == tenant.base
    assert tenant.server.anonymous.post(f"{address}?nocatalog=true", json=body).json()["token"]["catalog"] == []


def test_projects_and_domains_are_those_of_the_caller(tenant: Tenant, other: Tenant) -> None:
    with tenant.client() as client:
        for path in ("/v3/projects", "/v3/auth/projects"):
            projects = client.get(tenant.server.endpoint + path).json()["projects"]
            assert [project["id"] for project in projects] == [tenant.project_id]
        (domain,) = client.get(f"{tenant.server.endpoint}/v3/auth/domains").json()["domains"]
    assert domain["name"] == tenant.name


def test_a_token_expires_after_its_lifetime(tenant: Tenant) -> None:
    response = log_in(tenant.server, tenant.name, "admin", tenant.passwords["admin"], "main")
    expires = datetime.fromisoformat(response.json()["token"]["expires_at"])
    assert timedelta(hours=23) < expires - datetime.now(UTC) <= timedelta(hours=24)
