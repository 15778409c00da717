"""Paths, methods, headers and sizes, as in the API gateway of FRS."""

import re
import socket
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.contract import Frs, check, ok, refusal
from tests.support.fake_models import photo
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until

TOO_LARGE = 12 * 2**20 + 1

SETS = "/face-sets"
FACES = "/face-sets/test/faces"

ROUTES = {
    "/face-detect": {"POST"},
    "/face-compare": {"POST"},
    "/face-sets": {"GET", "HEAD", "POST"},
    "/face-sets/test": {"GET", "HEAD", "DELETE"},
    "/face-sets/test/faces": {"GET", "HEAD", "POST", "PUT", "DELETE"},
    "/face-sets/test/faces/batch": {"DELETE"},
    "/face-sets/test/search": {"POST"},
}


@pytest.fixture
def token(signed_in: httpx.Client) -> str:
    return signed_in.headers["X-Auth-Token"]


# routes


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_wrong_method_is_405_with_the_allowed_ones(frs: Frs, path: str, method: str) -> None:
    if method in ROUTES[path]:
        return
    response = frs.request(method, path)
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == ROUTES[path]
    if method != "HEAD":
        refusal(response, "APIG.0101", status=405)


@pytest.mark.parametrize(
    "path",
    [
        *("/health", "/ready", "/docs", "/openapi.json", "/console", "/", "/v3", "/nothing", "/v3/projects"),
        *("/v2/{project}/face-sets", "/v2/{project}/face-sets/none", "/x/v1/{project}/models"),
    ],
)
def test_head_has_the_status_and_the_headers_of_get(server: RunningServer, signed_in: httpx.Client, path: str) -> None:
    path = path.format(project=server.credentials["project_id"])
    answers = [signed_in.request(method, path, headers={"Accept": "*/*"}) for method in ("GET", "HEAD")]
    got, asked = ({**answer.headers, "x-request-id": "", "content-security-policy": ""} for answer in answers)
    assert answers[1].content == b""
    assert answers[1].status_code == answers[0].status_code
    assert got == asked


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nothing",
        "/face-sets/",
        "/face-detect/",
        "/face-sets/test/",
        "/face-sets/test/faces/",
        "/face-sets//faces",
        "/face-sets/test/faces/one",
        "//face-sets",
        "/face-sets/a/b",
        "/FACE-SETS",
        "/face-sets;a=b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_an_unknown_route_is_404_and_never_a_redirect(frs: Frs, path: str, method: str) -> None:
    refusal(frs.request(method, path), "APIG.0101", status=404)


def test_a_missing_project_id_is_not_taken_from_the_token(signed_in: httpx.Client) -> None:
    for project in ("%7Bproject_id%7D", "{project_id}", "0" * 32, "%00"):
        response = signed_in.get(f"/v2/{project}/face-sets")
        check(response, "/face-sets")
        refusal(response, "FRS.0028", status=403)


# headers


def test_every_response_has_a_unique_request_id(frs: Frs) -> None:
    responses = [frs.get(SETS), frs.get(SETS), frs.get("/nothing"), frs.get(FACES), frs.request("PATCH", SETS)]
    responses.append(frs.get(SETS, headers={"X-Request-Id": "a" * 32}))
    identifiers = [response.headers.get_list("x-request-id") for response in responses]
    assert [len(ids) for ids in identifiers] == [1] * len(responses)
    assert len({ids[0] for ids in identifiers}) == len(responses)


def test_an_authentication_error_has_a_request_id(server: RunningServer) -> None:
    response = server.anonymous.get(f"{server.project}/face-sets")
    check(response, SETS)
    refusal(response, "APIG.0301", status=401)


# sizes


def test_a_body_of_exactly_twelve_megabytes_is_read(frs: Frs) -> None:
    refusal(frs.post("/face-detect", content=b" " * (TOO_LARGE - 1)), "FRS.0014")
    padded = b'{"face_set_name": "a"}' + b" " * (TOO_LARGE - 1 - 22)
    ok(frs.post(SETS, content=padded))


@pytest.mark.parametrize("path", ["/face-detect", SETS, FACES])
@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=X"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_larger_body_is_413_and_the_server_keeps_serving(
    frs: Frs, path: str, content_type: str, announced: bool
) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(12):
            yield b" " * 2**20
        yield b" "

    content: Any = b" " * TOO_LARGE if announced else chunks()
    response = frs.post(path, content=content, headers={"Content-Type": content_type})
    refusal(response, "APIG.0201", status=413)
    ok(frs.get(SETS))


def test_errors_never_repeat_request_values(frs: Frs, face_set: str, token: str) -> None:
    secret = "c2VjcmV0c2VjcmV0"
    image = photo((200, 0, 0))
    responses = [
        frs.post("/face-detect", json={"image_base64": secret}),
        frs.post("/face-detect", json={"image_url": secret}),
        frs.post("/face-detect", json={"image_base64": secret, "attributes": [secret]}),
        frs.post("/face-detect", files={"image_file": (secret, secret)}),
        frs.post("/face-compare", json={"image1_base64": secret, "image2_base64": secret}),
        frs.post(f"{face_set}/faces", files={"image_file": image}, data={"external_image_id": secret + "!"}),
        frs.post(f"{face_set}/faces", files={"image_file": image}, data={"external_fields": secret}),
        frs.post(f"{face_set}/faces", files={"image_file": image}, data={"single": secret}),
        frs.post(f"{face_set}/search", json={"image_base64": secret, "top_n": secret}),
        frs.post(f"{face_set}/search", json={"face_id": "x", "filter": f"external_image_id:{secret} {secret}"}),
        frs.post(SETS, content=secret),
        frs.post(SETS, json={"face_set_name": "a", "face_set_capacity": secret}),
        frs.get(SETS, headers={"X-Auth-Token": secret}),
    ]
    for response in responses:
        assert 400 <= response.status_code < 500
        assert secret not in response.text
        assert token not in response.text


# headers


@pytest.mark.parametrize(
    "path", ["/docs", "/openapi.json", "/health", "/nothing", "/v3/projects", "/static-offline-docs/swagger-ui.css"]
)
def test_every_response_has_security_headers(server: RunningServer, path: str) -> None:
    headers = server.anonymous.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers
    assert "x-powered-by" not in headers
    assert ("content-security-policy" in headers) is (path == "/docs")
    assert not [name for name in headers if name.startswith("access-control-")]


def test_no_response_with_tokens_secrets_or_faces_is_stored_by_caches(server: RunningServer, frs: Frs) -> None:
    login = server.anonymous.post("/v3/auth/tokens", json=server.login_body())
    headers = {"X-Auth-Token": login.headers["X-Subject-Token"]}
    temporary = {"auth": {"identity": {"methods": ["token"]}}}
    accounts = f"/x/v1/accounts/{server.credentials['project_id']}"
    responses = [
        login,
        server.anonymous.post("/v3.0/OS-CREDENTIAL/securitytokens", json=temporary, headers=headers),
        server.anonymous.post(f"{accounts}/users", json={"name": "cached", "role": "reader"}, headers=headers),
        server.anonymous.get(f"{accounts}/users", headers=headers),
        server.anonymous.get(f"{accounts}/audit", headers=headers),
        server.anonymous.get(f"{server.project}/face-sets", headers=headers),
        server.anonymous.get(f"{server.project}/face-sets"),
        server.anonymous.get("/nothing"),
    ]
    assert [response.headers.get_list("cache-control") for response in responses] == [["no-store"]] * len(responses)
    static = server.anonymous.get("/static-offline-docs/swagger-ui.css").headers
    assert "no-store" not in static.get("cache-control", "")


def test_clients_that_leave_during_a_static_file_are_not_logged_as_failures(running_server: RunningServer) -> None:
    host, port = running_server.endpoint.removeprefix("http://").split(":")
    paths = ("/static-offline-docs/swagger-ui-bundle.js", "/console", "/openapi.json")
    before = len(running_server.log.read_text())
    for number, path in enumerate(paths * 10):
        with socket.create_connection((host, int(port))) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if number % 2:
                client.recv(100)
    last = running_server.anonymous.get("/health").headers["x-request-id"]
    wait_until(lambda: last in running_server.log.read_text())
    log = running_server.log.read_text()[before:]
    assert "Traceback" not in log
    assert " ERROR " not in log


def test_the_documentation_page_loads_only_from_this_server(server: RunningServer) -> None:
    response = server.anonymous.get("/docs")
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', response.text)
    sources = re.findall(r'(?:src|href)="([^"]+)"', response.text)
    assert sources
    assert all(server.anonymous.get(source).status_code == 200 for source in sources)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_is_led_to_the_console(server: RunningServer, method: str) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    response = server.anonymous.request(method, "/", headers={"Accept": accept})
    assert (response.status_code, response.headers["location"]) == (302, "/console")
    assert response.headers["vary"] == "Accept"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "", "application/json, text/html;q=0.5"])
def test_a_program_gets_the_versions_at_the_root(server: RunningServer, accept: str) -> None:
    response = server.anonymous.get("/", headers={"Accept": accept})
    assert (response.status_code, response.headers["vary"]) == (200, "Accept")
    assert "versions" in response.json()


def test_the_documentation_is_found_with_a_slash(server: RunningServer) -> None:
    response = server.anonymous.get("/docs/")
    assert (response.status_code, response.headers["location"]) == (302, "/docs")
    assert server.anonymous.get(response.headers["location"]).status_code == 200


def test_cross_origin_requests_are_not_allowed(server: RunningServer, frs: Frs) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for response in (frs.request("OPTIONS", "/face-sets", headers=headers), frs.get("/face-sets", headers=headers)):
        assert not [name for name in response.headers if name.startswith("access-control-")]


def test_the_access_log_has_path_and_request_id_but_no_query(server: RunningServer, frs: Frs) -> None:
    response = frs.get("/face-sets/test?secret=in-a-query")
    frs.get("/face-sets")  # the line is written after the response
    log = server.log.read_text("utf-8")
    (line,) = (line for line in log.splitlines() if response.headers["x-request-id"] in line)
    assert f"GET {server.project}/face-sets/test 400" in line
    assert "in-a-query" not in log
