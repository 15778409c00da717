"""Access keys: several a user, revocable, temporary, and each signature good once for a write."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkfrs import v2 as frs

from openfrs.accounts.signatures import SignedRequest, canonical_request, sign
from tests.support.fake_models import photo
from tests.support.tenants import Tenant, accounts


def list_sets(client: Any) -> Any:
    return client.show_all_face_sets(frs.ShowAllFaceSetsRequest()).face_sets_info


def refusal(client: Any) -> tuple[int, str]:
    with pytest.raises(ClientRequestException) as refused:
        list_sets(client)
    return refused.value.status_code, refused.value.error_code


def test_a_user_has_several_keys_and_each_is_revoked_by_itself(tenant: Tenant) -> None:
    tenant.add_user("keys")
    one, two = (accounts(tenant.server, "create-key", tenant.name, "keys") for _ in range(2))
    clients = [tenant.sdk(key["access_key"], key["secret_key"]) for key in (one, two)]
    for client in clients:
        list_sets(client)
    accounts(tenant.server, "revoke-key", one["access_key"])
    assert refusal(clients[0]) == (401, "APIG.0301")
    list_sets(clients[1])
    three = accounts(tenant.server, "rotate-key", two["access_key"])
    assert refusal(clients[1]) == (401, "APIG.0301")
    list_sets(tenant.sdk(three["access_key"], three["secret_key"]))
    accounts(tenant.server, "disable", tenant.name, "keys")
    assert refusal(tenant.sdk(three["access_key"], three["secret_key"])) == (401, "APIG.0301")


def test_the_last_use_of_a_key_is_known(tenant: Tenant) -> None:
    tenant.add_user("seen")
    key = accounts(tenant.server, "create-key", tenant.name, "seen")
    assert f"{key['access_key']} (never)" in accounts(tenant.server, "list")
    before = datetime.now(UTC).replace(tzinfo=None)
    list_sets(tenant.sdk(key["access_key"], key["secret_key"]))
    with tenant.client() as admin:
        base = f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/users"
        users = {user["name"]: user["id"] for user in admin.get(base).json()["users"]}
        (shown,) = admin.get(f"{base}/{users['seen']}/keys").json()["keys"]
    assert datetime.fromisoformat(shown["last_used_at"].removesuffix("Z")) >= before


def temporary(tenant: Tenant, user: str, **options: Any) -> httpx.Response:
    token = {"id": tenant.token(user), **options}
    body = {"auth": {"identity": {"methods": ["token"], "token": token}}}
    return httpx.post(f"{tenant.server.endpoint}/v3.0/OS-CREDENTIAL/securitytokens", json=body)


def test_a_temporary_key_works_with_its_security_token_alone(tenant: Tenant, other: Tenant) -> None:
    answer = temporary(tenant, "reader", duration_seconds=900)
    assert answer.status_code == 201
    key = answer.json()["credential"]
    expires = datetime.fromisoformat(key["expires_at"])
    assert 890 < (expires - datetime.now(UTC)).total_seconds() <= 900

    def client(project_id: str, security_token: str | None) -> Any:
        credentials = BasicCredentials(key["access"], key["secret"], project_id)
        if security_token:
            credentials = credentials.with_security_token(security_token)
        return frs.FrsClient.new_builder().with_credentials(credentials).with_endpoint(tenant.server.endpoint).build()

    list_sets(client(tenant.project_id, key["securitytoken"]))
    assert refusal(client(tenant.project_id, None)) == (401, "APIG.0301")
    assert refusal(client(tenant.project_id, key["securitytoken"][:-4] + "AAA=")) == (401, "APIG.0301")
    assert refusal(client(other.project_id, key["securitytoken"])) == (403, "FRS.0028")
    with pytest.raises(ClientRequestException) as refused:
        client(tenant.project_id, key["securitytoken"]).create_face_set(
            frs.CreateFaceSetRequest(body=frs.CreateFaceSetReq(face_set_name="x"))
        )
    assert refused.value.error_code == "APIG.0302"  # the role is still the reader's


@pytest.mark.parametrize("seconds", [0, 899, 86_401])
def test_a_temporary_key_lives_between_a_quarter_of_an_hour_and_a_day(tenant: Tenant, seconds: int) -> None:
    assert temporary(tenant, "reader", duration_seconds=seconds).status_code == 400


def temporary_by(key: dict[str, str], tenant: Tenant) -> httpx.Response:
    """Another temporary key, asked for with one."""
    path = "/v3.0/OS-CREDENTIAL/securitytokens"
    body = b'{"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 86400}}}}'
    account = {"access_key": key["access"], "secret_key": key["secret"]}
    headers = signed(tenant, "POST", path, body, account, {"x-security-token": key["securitytoken"]})
    return httpx.post(tenant.server.endpoint + path, content=body, headers=headers)


def test_a_temporary_key_outlives_neither_a_token_nor_the_key_it_was_made_with(tenant: Tenant) -> None:
    answer = httpx.get(
        f"{tenant.server.endpoint}/v3/auth/tokens",
        headers={"X-Auth-Token": tenant.token("reader"), "X-Subject-Token": tenant.token("reader")},
    )
    end = answer.json()["token"]["expires_at"]
    of_token = temporary(tenant, "reader", duration_seconds=86_400).json()["credential"]
    assert of_token["expires_at"] == end  # the token was a little older than nothing
    short = temporary(tenant, "reader", duration_seconds=900).json()["credential"]
    assert temporary_by(short, tenant).json()["credential"]["expires_at"] == short["expires_at"]


def test_a_signature_makes_one_temporary_key(tenant: Tenant) -> None:
    path = "/v3.0/OS-CREDENTIAL/securitytokens"
    body = b'{"auth": {"identity": {"methods": ["token"]}}}'
    headers = signed(tenant, "POST", path, body)
    first, second = (httpx.post(tenant.server.endpoint + path, content=body, headers=headers) for _ in range(2))
    assert first.status_code == 201
    assert second.status_code == 401
    assert "used before" in second.json()["error"]["message"]


def test_neither_a_security_token_nor_an_old_one_is_an_auth_token(tenant: Tenant) -> None:
    key = temporary(tenant, "reader").json()["credential"]
    answer = httpx.get(f"{tenant.base}/face-sets", headers={"X-Auth-Token": key["securitytoken"]})
    assert answer.json()["error_code"] == "FRS.0002"


def signed(
    tenant: Tenant,
    method: str,
    path: str,
    body: bytes,
    account: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    account = account or tenant.account
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": tenant.server.endpoint.removeprefix("http://"), "x-sdk-date": date, **(more or {})}
    request = SignedRequest(method, path, "", headers, sha256(body).hexdigest())
    signature = sign(account["secret_key"], date, canonical_request(request, names := tuple(sorted(headers))))
    value = f"SDK-HMAC-SHA256 Access={account['access_key']}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return {**headers, "Authorization": value}


def test_a_signature_is_good_once_for_a_write_and_again_for_a_read(tenant: Tenant) -> None:
    path, body = f"/v2/{tenant.project_id}/face-sets", b'{"face_set_name": "replayed"}'
    headers = signed(tenant, "POST", path, body)
    first, second = (httpx.post(tenant.server.endpoint + path, content=body, headers=headers) for _ in range(2))
    assert first.status_code == 200
    assert (second.status_code, second.json()["error_code"]) == (401, "APIG.0301")
    assert "used before" in second.json()["error_msg"]
    headers = signed(tenant, "GET", path, b"")
    assert [httpx.get(tenant.server.endpoint + path, headers=headers).status_code for _ in range(2)] == [200, 200]
    with tenant.client() as client:
        assert client.delete(f"{tenant.base}/face-sets/replayed").status_code == 200


def test_a_refused_write_may_be_sent_again(tenant: Tenant) -> None:
    """The signature of a request that its role or quota kept out is not used up."""
    tenant.add_user("late", "reader")
    key = accounts(tenant.server, "create-key", tenant.name, "late")
    path, body = f"/v2/{tenant.project_id}/face-sets", b'{"face_set_name": "late"}'
    late = Tenant(tenant.server, {**tenant.account, **key})
    headers = signed(late, "POST", path, body)
    assert httpx.post(tenant.server.endpoint + path, content=body, headers=headers).status_code == 403
    accounts(tenant.server, "grant", tenant.name, "late", "main", "operator")
    assert httpx.post(tenant.server.endpoint + path, content=body, headers=headers).status_code == 200
    with tenant.client() as client:
        assert client.delete(f"{tenant.base}/face-sets/late").status_code == 200


def test_the_asynchronous_sdk_signs_alike(tenant: Tenant) -> None:
    keys = tenant.account["access_key"], tenant.account["secret_key"], tenant.project_id
    client = (
        frs.FrsAsyncClient.new_builder(frs.FrsAsyncClient)
        .with_credentials(BasicCredentials(*keys))
        .with_endpoint(tenant.server.endpoint)
        .build()
    )

    async def work() -> Any:
        made = client.create_face_set_async(
            frs.CreateFaceSetRequest(body=frs.CreateFaceSetReq(face_set_name="asynchronous"))
        )
        made = await made if asyncio.iscoroutine(made) else made.result()
        gone = client.delete_face_set_async(frs.DeleteFaceSetRequest(face_set_name="asynchronous"))
        return made, await gone if asyncio.iscoroutine(gone) else gone.result()

    made, gone = asyncio.run(work())
    assert made.face_set_info.face_set_name == gone.face_set_name == "asynchronous"


def test_old_sdks_hash_the_multipart_body(tenant: Tenant) -> None:
    body = b'--B\r\nContent-Disposition: form-data; name="image_file"; filename="a"\r\n\r\nnot a picture\r\n--B--\r\n'
    path = f"/v2/{tenant.project_id}/face-detect"
    headers = {**signed(tenant, "POST", path, body), "Content-Type": "multipart/form-data; boundary=B"}
    answer = httpx.post(tenant.server.endpoint + path, content=body, headers=headers)
    assert answer.json()["error_code"] == "FRS.0015"
    answer = httpx.post(tenant.server.endpoint + path, content=body.replace(b"not", b"now"), headers=headers)
    assert answer.json()["error_code"] == "APIG.0301"


def test_different_pictures_within_a_second_have_different_signatures(tenant: Tenant, tmp_path: Path) -> None:
    """Multipart bodies are not signed, but their boundary is, and it is random."""
    file = tmp_path / "photo.png"
    file.write_bytes(photo((200, 90, 90)))
    client = tenant.sdk()
    client.create_face_set(frs.CreateFaceSetRequest(body=frs.CreateFaceSetReq(face_set_name="quick")))
    for _ in range(6):
        with file.open("rb") as picture:
            body = frs.AddFacesByFileRequestBody(image_file=FormFile(picture))
            assert client.add_faces_by_file(frs.AddFacesByFileRequest(face_set_name="quick", body=body)).faces
    client.delete_face_set(frs.DeleteFaceSetRequest(face_set_name="quick"))
