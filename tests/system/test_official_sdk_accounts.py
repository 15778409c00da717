"""The official SDK with accounts, roles and access keys."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkfrs import v2 as frs

from tests.support.fake_models import photo
from tests.support.servers import RunningServer
from tests.support.tenants import Tenant, accounts


def test_the_sdk_finds_its_project_by_region(server: RunningServer) -> None:
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.region.region import Region
    from huaweicloudsdkfrs import v2 as frs

    keys = server.credentials["access_key"], server.credentials["secret_key"]
    credentials = BasicCredentials(*keys).with_iam_endpoint(server.endpoint)
    region = Region(server.credentials["project_name"], server.endpoint)
    client = frs.FrsClient.new_builder().with_credentials(credentials).with_region(region).build()
    assert client.show_all_face_sets(frs.ShowAllFaceSetsRequest()).face_sets_info is not None


@pytest.mark.parametrize(
    ("ak", "sk", "reason"),
    [
        ("right", "wrong", "verify aksk signature fail"),
        ("wrong", "right", "Get secretKey failed,ak:NOBODY,err:ak not exist"),
    ],
)
def test_a_wrong_signature_names_its_reason(server: RunningServer, ak: str, sk: str, reason: str) -> None:
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
    from huaweicloudsdkfrs import v2 as frs

    access_key = server.credentials["access_key"] if ak == "right" else "NOBODY"
    secret_key = server.credentials["secret_key"] if sk == "right" else "nothing"
    credentials = BasicCredentials(access_key, secret_key, server.credentials["project_id"])
    client = frs.FrsClient.new_builder().with_credentials(credentials).with_endpoint(server.endpoint).build()
    with pytest.raises(ClientRequestException) as refused:
        client.show_all_face_sets(frs.ShowAllFaceSetsRequest())
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIG.0301")
    assert refused.value.error_msg == f"Incorrect IAM authentication information: {reason}"


def list_sets(client: Any) -> Any:
    return client.show_all_face_sets(frs.ShowAllFaceSetsRequest()).face_sets_info


def refusal(client: Any) -> tuple[int, str]:
    with pytest.raises(ClientRequestException) as refused:
        list_sets(client)
    return refused.value.status_code, refused.value.error_code


def test_each_key_of_a_user_is_revoked_separately(tenant: Tenant) -> None:
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


def test_the_last_use_of_a_key_is_listed(tenant: Tenant) -> None:
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
    return tenant.server.anonymous.post("/v3.0/OS-CREDENTIAL/securitytokens", json=body)


def test_a_temporary_key_requires_its_security_token(tenant: Tenant, other: Tenant) -> None:
    response = temporary(tenant, "reader", duration_seconds=900)
    assert response.status_code == 201
    key = response.json()["credential"]
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


def test_the_asynchronous_sdk_is_accepted(tenant: Tenant) -> None:
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


def test_different_images_within_a_second_have_different_signatures(tenant: Tenant, tmp_path: Path) -> None:
    """Multipart bodies are not signed, but their boundary is, and it is random."""
    file = tmp_path / "photo.png"
    file.write_bytes(photo((200, 90, 90)))
    client = tenant.sdk()
    client.create_face_set(frs.CreateFaceSetRequest(body=frs.CreateFaceSetReq(face_set_name="quick")))
    for _ in range(6):
        with file.open("rb") as image:
            body = frs.AddFacesByFileRequestBody(image_file=FormFile(image))
            assert client.add_faces_by_file(frs.AddFacesByFileRequest(face_set_name="quick", body=body)).faces
    client.delete_face_set(frs.DeleteFaceSetRequest(face_set_name="quick"))
