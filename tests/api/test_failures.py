"""Internal errors and rejected bodies are rendered in the envelope of the path."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from openfrs.accounts.authentication import Login
from openfrs.api.app import create_app
from openfrs.core.errors import ServiceError
from openfrs.core.limits import MAX_IAM_BODY_BYTES
from openfrs.core.settings import Settings
from openfrs.services import Services
from openfrs.store.db.errors import StoreUnavailableError
from tests.support.fake_models import FakePipeline
from tests.support.in_process import InProcessServer
from tests.support.servers import Server

IAM = [
    ("GET", "/v3/projects"),
    ("GET", "/v3/auth/domains"),
    ("POST", "/v3.0/OS-CREDENTIAL/securitytokens"),
]
BODY = {"auth": {"identity": {"methods": ["token"]}}}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    opened = Services.open(Settings(data=tmp_path_factory.mktemp("failures")), FakePipeline())
    yield opened
    opened.close()


def send(services: Services, method: str, path: str) -> httpx.Response:
    """Send a request to an application over these services, in this process."""

    async def send_async() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path, json=BODY, headers={"X-Auth-Token": "any"})

    return asyncio.run(send_async())


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (ZeroDivisionError(), 500, "Internal Server Error"),
        (StoreUnavailableError("disk full"), 503, "Service Unavailable"),
    ],
)
def test_iam_paths_render_failures_in_their_own_envelope(
    services: Services, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, title: str
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(services.authenticator, "authenticate_token", fail)
    for method, path in IAM:
        response = send(services, method, path)
        assert response.status_code == response.json()["error"]["code"] == status, path
        assert response.json()["error"]["title"] == title
    response = send(services, "GET", "/v2/project/face-sets")
    assert (response.status_code, response.json()["error_code"]) == (500, "FRS.0018")


@pytest.mark.parametrize(("method", "path"), [*IAM, ("POST", "/v3/auth/tokens")])
def test_a_body_too_large_for_iam_is_413(server: Server, method: str, path: str) -> None:
    headers = {"Authorization": "SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=0"}
    response = server.anonymous.request(method, path, content=b" " * (MAX_IAM_BODY_BYTES + 1), headers=headers)
    assert response.status_code == 413
    assert response.json()["error"] == {
        "code": 413,
        "message": "The request body is too large.",
        "title": "Request Entity Too Large",
    }


@pytest.mark.parametrize("length", [64, 65])
@pytest.mark.parametrize("path", ["user.name", "user.id", "user.domain.name", "user.domain.id", "project.name"])
def test_a_name_of_more_than_64_characters_is_not_looked_up(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch, path: str, length: int
) -> None:
    """Nothing keeps it: neither the counters of failed logins nor the audit log."""
    seen = []

    async def sign_in(login: Login) -> None:
        seen.append(login)
        raise ServiceError("IAM.401", "")

    monkeypatch.setattr(server.services.login_queue, "sign_in", sign_in)
    password: dict[str, Any] = {"user": {"name": "a", "password": "a", "domain": {}}}
    scope: dict[str, Any] = {"project": {}}
    *parents, last = path.split(".")
    values = {**password, **scope}
    for parent in parents:
        values = values[parent]
    values[last] = "a" * length
    body = {"auth": {"identity": {"methods": ["password"], "password": password}, "scope": scope}}
    response = server.anonymous.post("/v3/auth/tokens", json=body)
    assert (response.status_code, len(seen)) == ((401, 1) if length == 64 else (400, 0))
