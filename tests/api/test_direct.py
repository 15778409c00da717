"""Requests served without FastAPI have the same route and the same response as with it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Match

from openfrs.api.app import create_routes
from openfrs.api.direct import DirectRoutes
from openfrs.api.middleware import RequestContext
from tests.support.contract import Frs
from tests.support.in_process import PortalTransport

PROJECT = "a" * 32


def filled(path: str) -> str:
    """Return a path of a route."""
    names = {"project_id": PROJECT, "face_set_name": "a%2Fb", "path:path": "assets/x.js"}
    for name in [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]:
        path = path.replace(f"{{{name}}}", names.get(name, "name"))
    return path


def test_every_route_is_found_as_by_fastapi() -> None:
    app = create_routes()
    direct = DirectRoutes(app)
    for context in iter_route_contexts(app.routes):
        for method in context.methods or ():
            path = filled(str(context.path))
            found = direct.find(method, path)
            if found is None:
                continue
            scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": []}
            matches = [route.matches(scope) for route in app.routes]
            assert sum(match is Match.FULL for match, _ in matches) == 1
            assert found[0].route is context.original_route
            assert found[1].get("project_id", PROJECT) == PROJECT


def test_the_operations_of_frs_need_no_fastapi() -> None:
    app = create_routes()
    direct = DirectRoutes(app)
    by_fastapi = {
        str(context.path)
        for context in iter_route_contexts(app.routes)
        for method in context.methods or ()
        if isinstance(context.original_route, APIRoute) and direct.find(method, filled(str(context.path))) is None
    }
    assert not [path for path in by_fastapi if path.startswith(("/v1/", "/v2/", "/health"))]
    assert direct.find("GET", f"/v2/{PROJECT}/face-sets/") is None
    assert direct.find("GET", f"/v2/{PROJECT}/face-sets/a/b") is None
    assert direct.find("GET", f"/v2//face-sets/{PROJECT}") is None
    assert direct.find("PATCH", f"/v2/{PROJECT}/face-sets") is None
    assert direct.find("GET", "/v2/{project_id}/face-sets") is not None


@pytest.fixture(scope="module")
def by_fastapi(server: Any) -> Iterator[httpx.BaseTransport]:
    """The same service, with FastAPI for all requests."""
    app, services = create_routes(), server.services
    app.state.services = services
    context = RequestContext(
        app,
        admission=services.admission,
        recognizer=services.recognizer,
        audit=services.audit,
        usage=services.usage,
    )
    with start_blocking_portal() as portal:
        yield PortalTransport(context, portal)


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/face-sets", {}),
        ("GET", "/face-sets/test", {}),
        ("GET", "/face-sets/t%65st", {}),
        ("GET", "/face-sets/missing", {}),
        ("GET", "/face-sets/a%2Fb", {}),
        ("GET", "/face-sets/test/faces?limit=0", {}),
        ("GET", "/face-sets/test/faces?limit=-1", {}),
        ("GET", "/face-sets/test", {"headers": {"X-Auth-Token": "wrong"}}),
        ("GET", "/face-sets/test", {"headers": {"X-Auth-Token": ""}}),
        ("HEAD", "/face-sets/test", {}),
        ("PATCH", "/face-sets/test", {}),
        ("GET", "/face-sets/test/unknown", {}),
        ("POST", "/face-sets/test/search", {"json": {}}),
        ("POST", "/face-sets/test/search", {"content": b"{"}),
        ("POST", "/face-compare", {"json": {"image1_base64": "?"}}),
        ("PUT", "/face-sets/test/faces", {"json": {"face_id": "none", "external_image_id": "x"}}),
    ],
)
def test_responses_are_those_of_fastapi(
    frs: Frs, face_set: str, by_fastapi: httpx.BaseTransport, server: Any, method: str, path: str, options: Any
) -> None:
    token = {"X-Auth-Token": server.token()}
    url = f"{server.endpoint}{server.project}{path}"
    options = {**options, "headers": {**token, **options.get("headers", {})}}
    with httpx.Client(transport=server.transport) as ours, httpx.Client(transport=by_fastapi) as theirs:
        direct, expected = ours.request(method, url, **options), theirs.request(method, url, **options)
    assert direct.status_code == expected.status_code
    assert without_request_id(direct) == without_request_id(expected)


def without_request_id(response: httpx.Response) -> tuple[str, list[tuple[str, str]]]:
    """Return the body and the headers of a response without its request id."""
    request_id = response.headers["X-Request-Id"]
    headers = [(name, value) for name, value in response.headers.multi_items() if value != request_id]
    return response.text.replace(request_id, ""), sorted(headers)
