"""Names of response headers on the wire."""

import asyncio
import re
from typing import Any

import pytest

from openfrs.server.header_names import with_documented_names
from tests.support.raw_http import connect, head, read
from tests.support.servers import RunningServer

# as documented by Huawei, and as an SDK for Java and public code look them up
DOCUMENTED = {"X-Request-Id", "X-Subject-Token", "Content-Type", "Retry-After", "X-ratelimit", "X-ratelimit-used"}
FORM = re.compile(r"X-ratelimit(?:-used|-window)?|ETag|WWW-Authenticate|[A-Z][a-z]*(?:-[A-Z][a-z0-9]*)*")
BY_UVICORN = {"date", "connection", "content-length", "transfer-encoding"}


def names(server: RunningServer, method: str, target: str, body: bytes = b"", **headers: str) -> set[str]:
    """Return the names of a response's headers as received."""
    with connect(server) as connection:
        host = server.endpoint.removeprefix("http://")
        lines = {"Host": host, "Content_Length": str(len(body)), "Connection": "close", **headers}
        connection.sendall(head(method, target, **lines) + body)
        response = read(connection)
        response.read()
        return {name for name, _ in response.getheaders()}


@pytest.mark.process
def test_every_response_names_its_headers_as_documented(running_server: RunningServer) -> None:
    server, project = running_server, running_server.project
    login = server.client().build_request("POST", "/v3/auth/tokens", json=server.login_body()).read()
    issued = names(server, "POST", "/v3/auth/tokens", login)
    token = server.token()
    listed = names(server, "GET", f"{project}/face-sets", X_Auth_Token=token)
    refused = names(server, "GET", f"{project}/face-sets/none", X_Auth_Token=token)
    unknown = names(server, "GET", "/nothing")
    page = names(server, "GET", "/docs")
    assert "X-Subject-Token" in issued
    for received in (issued, listed, refused, unknown, page):
        assert {"X-Request-Id", "Content-Type"} <= received
        assert all(FORM.fullmatch(name) for name in received - BY_UVICORN), received


def test_names_survive_the_conversion_to_lower_case() -> None:
    sent = list[Any]()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(name.lower().encode(), b"1") for name in (*sorted(DOCUMENTED), "Content-Length")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    async def serve() -> None:
        await with_documented_names(app)({"type": "http"}, receive, send)

    asyncio.run(serve())
    received = [name.lower().decode() for name, _ in sent[0]["headers"]]
    assert received == [*sorted(DOCUMENTED), "content-length"]
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
