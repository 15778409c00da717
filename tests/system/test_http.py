"""Requests as bytes on a socket that no client library would send."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import pytest

from tests.support.contract import CONTENT_TYPE, Frs, ok
from tests.support.raw_http import connect, head, read
from tests.support.servers import RunningServer
from tests.support.waiting import pause

TOO_LARGE = 12 * 2**20 + 1


SETS = "/face-sets"


@pytest.fixture
def wire(server: RunningServer) -> Iterator[socket.socket]:
    with connect(server) as connection:
        yield connection


def json_body(response: HTTPResponse) -> dict[str, Any]:
    """Return the body of a gateway error, and check its invariants."""
    body: dict[str, Any] = json.loads(response.read())
    assert response.headers["content-type"] == CONTENT_TYPE
    assert body["request_id"] == response.headers["x-request-id"]
    assert body.keys() == {"error_code", "error_msg", "request_id"}
    return body


@pytest.mark.parametrize(
    "target",
    [
        "//",
        "/v2",
        "/v2/",
        "//v2/{pid}/face-sets",
        "/v4/{pid}/face-sets",
        "/v2//face-sets",
        "/../v2/{pid}/face-sets",
    ],
)
def test_an_unknown_path_is_404_without_a_token(server: RunningServer, wire: socket.socket, target: str) -> None:
    wire.sendall(head("GET", target.format(pid=server.credentials["project_id"]), Host="a"))
    response = read(wire)
    assert (response.status, json_body(response)["error_code"]) == (404, "APIG.0101")


@pytest.mark.parametrize("segment", ["..", ".", "%2e%2e", "%2E%2E%2F%2E%2E", "\\..\\", "a%2F..%2Fb"])
def test_encoded_slashes_and_dots_stay_in_their_segment(
    server: RunningServer, wire: socket.socket, token: str, segment: str
) -> None:
    wire.sendall(head("GET", f"{server.project}/face-sets/{segment}", Host="a", X_Auth_Token=token))
    response = read(wire)
    assert (response.status, json.loads(response.read())["error_code"]) == (400, "FRS.0302")


@pytest.mark.parametrize(
    "target",
    [b"/v2/\xff/face-sets", b"/v2/%FF%FE/face-sets", b"/v2/%zz/face-sets", b"/v2/%/face-sets", b"/v2/a/face-sets?\xff"],
)
def test_a_malformed_path_is_rejected(wire: socket.socket, token: str, target: bytes) -> None:
    wire.sendall(b"GET " + target + f" HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {token}\r\n\r\n".encode())
    assert 400 <= read(wire).status < 500


@pytest.mark.parametrize("query", [b"%FF=%FE", b"&&==&", b"?" * 100, b"face_id=%", b"a;b"])
def test_a_malformed_query_is_rejected(server: RunningServer, wire: socket.socket, token: str, query: bytes) -> None:
    target = f"{server.project}/face-sets/none/faces?".encode() + query
    wire.sendall(b"DELETE " + target + f" HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {token}\r\n\r\n".encode())
    response = read(wire)
    assert response.status == 400
    assert json.loads(response.read())["error_code"] in {"FRS.0302", "FRS.0012"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Length": "0"},
        {"Content-Type": "application/json", "Content-Length": "0"},
        {"Content-Type": "multipart/form-data"},
        {"Enterprise-Project-Id": "not an id"},
        {"X-Project-Id": "whatever", "x-stage": "RELEASE"},
        {"Accept": "text/html"},
        {"Accept-Encoding": "gzip, br"},
        {"Host": "http://127.0.0.1:8080/v2"},
        {"Host": "a b"},
        {"Host": "é".encode().decode("latin-1")},
        {"Origin": "https://evil.example"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"Upgrade": "websocket", "Connection": "Upgrade"},
        {"Expect": "100-continue"},
        {"User-Agent": ""},
    ],
    ids=repr,
)
@pytest.mark.parametrize(("method", "path"), [("GET", SETS), ("GET", "/face-sets/test"), ("DELETE", "/face-sets/test")])
def test_other_headers_are_ignored(frs: Frs, method: str, path: str, headers: dict[str, str]) -> None:
    frs.create()
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    response = frs.request(method, path, headers=encoded)
    ok(response)
    assert "access-control-allow-origin" not in response.headers
    assert "server" not in response.headers


def test_an_announced_oversized_body_is_rejected_before_it_is_sent(
    server: RunningServer, wire: socket.socket, token: str
) -> None:
    headers = {"Host": "a", "X_Auth_Token": token, "Content_Length": str(10**15)}
    wire.sendall(head("POST", f"{server.project}/face-detect", **headers))
    response = read(wire)
    assert (response.status, json_body(response)["error_code"]) == (413, "APIG.0201")


@pytest.mark.parametrize("length", ["-1", "abc", "1, 2", "0x10", "٣", "+1"])
def test_an_invalid_content_length_is_400(server: RunningServer, wire: socket.socket, token: str, length: str) -> None:
    headers = {"Host": "a", "X_Auth_Token": token, "Content_Length": length}
    wire.sendall(head("POST", f"{server.project}/face-detect", **headers) + b"{}")
    assert read(wire).status == 400


def test_a_client_that_disconnects_during_its_body_leaves_no_traceback(
    server: RunningServer, frs: Frs, token: str
) -> None:
    before = server.log.read_text().count("Traceback")
    for _ in range(3):
        with connect(server) as connection:
            headers = {"Host": "a", "X_Auth_Token": token, "Content_Length": "1000"}
            connection.sendall(head("POST", f"{server.project}/face-detect", **headers) + b'{"image')
            pause(0.05)
    pause(0.2)  # a traceback would come late
    ok(frs.get(SETS))
    assert server.log.read_text().count("Traceback") == before


def test_one_connection_serves_many_requests(server: RunningServer, wire: socket.socket, token: str) -> None:
    for length, status in [(2, 400), (TOO_LARGE, 413), (2, 400)]:
        headers = {"Host": "a", "X_Auth_Token": token, "Content_Length": str(length)}
        wire.sendall(head("POST", f"{server.project}/face-detect", **headers) + b"{}".ljust(length))
        response = read(wire)
        assert response.status == status
        response.read()
