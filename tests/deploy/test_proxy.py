"""Signed requests, client addresses and rejections behind a real nginx with the shipped site."""

import base64
import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkfrs import v2

from tests.support.certificates import SelfSigned
from tests.support.fake_models import photo
from tests.support.servers import RunningServer, fake_server_command, running, sdk_client

from .nginx import proxied


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that trusts a proxy on loopback."""
    data = tmp_path_factory.mktemp("behind") / "data"
    environment = {"OPENFRS_TRUSTED_PROXIES": "127.0.0.1", "OPENFRS_RATE": "0"}
    with running(fake_server_command(data), data, environment=environment) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(
    behind: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningServer, SelfSigned]]:
    """The server, as reached through the proxy."""
    with proxied(behind.endpoint, tmp_path_factory.mktemp("nginx")) as (endpoint, pair):
        yield replace(behind, endpoint=endpoint), pair


def test_signatures_of_the_sdk_stay_valid(proxy: tuple[RunningServer, SelfSigned]) -> None:
    server, pair = proxy
    sdk = sdk_client(server.endpoint, server.credentials, certificate=pair.certificate)
    for name in ("people", "a b+c%2f&=~", "人脸"):  # encoded in the path
        sdk.create_face_set(v2.CreateFaceSetRequest(body=v2.CreateFaceSetReq(face_set_name=name)))
        image = base64.b64encode(photo((200, 64, 64))).decode()
        body = v2.AddFacesBase64Req(image_base64=image, external_image_id="anna")
        (face,) = sdk.add_faces_by_base64(v2.AddFacesByBase64Request(face_set_name=name, body=body)).faces
        request = v2.ShowFacesByLimitRequest(face_set_name=name, offset=0, limit=5)  # a query is signed too
        assert [each.face_id for each in sdk.show_faces_by_limit(request).faces] == [face.face_id]
        sdk.delete_face_set(v2.DeleteFaceSetRequest(face_set_name=name))


def test_a_proxy_that_changes_host_breaks_signatures(behind: RunningServer, tmp_path: Path) -> None:
    changed = ("Host $http_host;", "Host frs.example;")
    with proxied(behind.endpoint, tmp_path, changed) as (endpoint, pair):
        sdk = sdk_client(endpoint, behind.credentials, certificate=pair.certificate)
        with pytest.raises(ClientRequestException) as refusal:
            sdk.show_all_face_sets(v2.ShowAllFaceSetsRequest())
    assert (refusal.value.status_code, refusal.value.error_code) == (401, "APIG.0301")


def test_the_audit_log_has_the_real_client_address(
    proxy: tuple[RunningServer, SelfSigned],
) -> None:
    server, pair = proxy
    context = ssl.create_default_context(cafile=pair.certificate)
    transport = httpx.HTTPTransport(verify=context, local_address="127.0.0.9")
    with httpx.Client(transport=transport, base_url=server.endpoint) as client:
        body = server.login_body()
        body["auth"]["identity"]["password"]["user"]["password"] = "guessed"
        login = client.post("/v3/auth/tokens", json=body, headers={"X-Forwarded-For": "203.0.113.7"})
        assert login.status_code == 401
    entries = [json.loads(line) for line in (server.data / "audit-logins.jsonl").read_text("utf-8").splitlines()]
    assert [entry["address"] for entry in entries if entry["event"] == "login failed"] == ["127.0.0.9"]


def test_the_service_rejects_a_large_body(proxy: tuple[RunningServer, SelfSigned]) -> None:
    server, pair = proxy
    context = ssl.create_default_context(cafile=pair.certificate)
    with httpx.Client(base_url=server.endpoint, verify=context) as client:
        token = client.post("/v3/auth/tokens", json=server.login_body()).headers["X-Subject-Token"]
        response = client.post(
            f"{server.project}/face-detect",
            content=bytes(12 * 2**20 + 1),
            headers={"Content-Type": "application/json", "X-Auth-Token": token},
        )
    assert (response.status_code, response.json()["error_code"]) == (413, "APIG.0201")
