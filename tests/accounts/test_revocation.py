"""Revocation reaches everything that derives from a token or an access key."""

from datetime import UTC, datetime
from hashlib import sha256

import httpx

from openfrs.accounts import tokens
from openfrs.core.signing import SignedRequest, canonical_request, sign
from tests.support.tenants import Tenant, log_in

TOKENS, TEMPORARY = "/v3/auth/tokens", "/v3.0/OS-CREDENTIAL/securitytokens"

Key = dict[str, str]


def new_token(tenant: Tenant) -> str:
    response = log_in(tenant.server, tenant.name, "admin", tenant.passwords["admin"], "main")
    return response.headers["X-Subject-Token"]


def exchange(tenant: Tenant, token: str) -> httpx.Response:
    identity = {"methods": ["token"], "token": {"id": token}}
    body = {"auth": {"identity": identity, "scope": {"project": {"name": "main"}}}}
    return tenant.server.anonymous.post(TOKENS, json=body)


def exchanged(tenant: Tenant, token: str) -> str:
    return exchange(tenant, token).headers["X-Subject-Token"]


def revoke(tenant: Tenant, token: str) -> None:
    headers = {"X-Auth-Token": tenant.token(), "X-Subject-Token": token}
    assert tenant.server.anonymous.delete(TOKENS, headers=headers).status_code == 204


def token_works(tenant: Tenant, token: str) -> bool:
    return tenant.server.anonymous.get(f"{tenant.base}/face-sets", headers={"X-Auth-Token": token}).status_code == 200


def temporary_of(tenant: Tenant, token: str) -> Key:
    body = {"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}}
    return tenant.server.anonymous.post(TEMPORARY, json=body).json()["credential"]  # type: ignore[no-any-return]


def temporary_by(tenant: Tenant, key: Key) -> Key:
    """Create a temporary key with another key."""
    body = b'{"auth": {"identity": {"methods": ["token"], "token": {}}}}'
    response = signed(tenant, "POST", TEMPORARY, key, body)
    assert response.status_code == 201, response.text
    return response.json()["credential"]  # type: ignore[no-any-return]


def signed(tenant: Tenant, method: str, path: str, key: Key, body: bytes = b"") -> httpx.Response:
    security_token = key.get("securitytoken")
    extra = {} if security_token is None else {"x-security-token": security_token}
    headers = {"host": "openfrs.test", "x-sdk-date": f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", **extra}
    names = tuple(sorted(headers))
    request = SignedRequest(method, path, "", headers, sha256(body).hexdigest())
    signature = sign(key["secret"], headers["x-sdk-date"], canonical_request(request, names))
    headers["Authorization"] = (
        f"SDK-HMAC-SHA256 Access={key['access']}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return tenant.server.anonymous.request(method, path, headers=headers, content=body)


def key_works(tenant: Tenant, key: Key) -> bool:
    return signed(tenant, "GET", f"/v2/{tenant.project_id}/face-sets", key).status_code == 200


def test_a_revoked_token_takes_what_was_obtained_with_it(tenant: Tenant) -> None:
    parent = new_token(tenant)
    token = exchanged(tenant, parent)
    child = exchanged(tenant, token)
    grandchild = exchanged(tenant, child)
    keys = [temporary_of(tenant, token), temporary_of(tenant, grandchild)]
    keys.append(temporary_by(tenant, keys[0]))
    parents_key = temporary_of(tenant, parent)
    assert all(key_works(tenant, key) for key in [*keys, parents_key])
    revoke(tenant, token)
    assert not any(token_works(tenant, each) for each in (token, child, grandchild))
    assert not any(key_works(tenant, key) for key in keys)
    assert exchange(tenant, grandchild).status_code == 401
    assert token_works(tenant, parent)
    assert key_works(tenant, parents_key)


def test_a_deleted_access_key_takes_its_temporary_keys(tenant: Tenant) -> None:
    administration = tenant.server.services.administration  # type: ignore[attr-defined]  # a server in this process
    new = administration.create_key(administration.find_user(tenant.name, "admin"))
    permanent = {"access": new.access_key, "secret": new.secret_key}
    keys = [permanent, temporary_by(tenant, permanent)]
    keys.append(temporary_by(tenant, keys[1]))
    assert all(key_works(tenant, key) for key in keys)
    administration.delete_key(new.access_key)
    assert not any(key_works(tenant, key) for key in keys)


def test_a_token_cannot_be_exchanged_for_ever(tenant: Tenant) -> None:
    token = new_token(tenant)
    for _ in range(tokens.MAX_EXCHANGES):
        token = exchanged(tenant, token)
    assert token_works(tenant, token)
    refused = exchange(tenant, token)
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        401,
        "The token was exchanged too often; sign in again.",
    )
