"""Access control of every route of the application."""

import inspect
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from openfrs.api.app import create_routes
from openfrs.api.auth import permission_of
from tests.support.fake_models import photo
from tests.support.tenants import Tenant

SET = "/x/v1/{project_id}/face-sets/{face_set_name}"
POLICY = f"{SET}/policy"
USER = "/x/v1/accounts/{project_id}/users/{user_id}"

FRS = {
    ("POST", "/face-detect"): "reader",
    ("POST", "/face-compare"): "reader",
    ("POST", "/live-detect"): "reader",
    ("POST", "/face/quality/face-quality"): "reader",
    ("POST", "/face/quality/blur-classify"): "reader",
    ("POST", "/face/quality/head-pose-estimate"): "reader",
    ("POST", "/face-sets"): "operator",
    ("GET", "/face-sets"): "reader",
    ("GET", "/face-sets/{face_set_name}"): "reader",
    ("DELETE", "/face-sets/{face_set_name}"): "operator",
    ("POST", "/face-sets/{face_set_name}/faces"): "operator",
    ("GET", "/face-sets/{face_set_name}/faces"): "reader",
    ("PUT", "/face-sets/{face_set_name}/faces"): "operator",
    ("DELETE", "/face-sets/{face_set_name}/faces"): "operator",
    ("DELETE", "/face-sets/{face_set_name}/faces/batch"): "operator",
    ("POST", "/face-sets/{face_set_name}/search"): "reader",
}
"""Routes of both API versions, with the least role that is allowed."""

ROUTES = {
    **{
        (method, f"/{version}/{{project_id}}{path}"): role
        for version in ("v1", "v2")
        for (method, path), role in FRS.items()
    },
    ("POST", "/v1/{project_id}/live-detect-face"): "reader",
    ("GET", "/v1/{project_id}/subscribe"): "reader",
    ("POST", "/v1/{project_id}/subscribe"): "reader",
    ("GET", "/x/v1/{project_id}/models"): "reader",
    ("POST", "/x/v1/{project_id}/liveness-sessions"): "reader",
    ("POST", "/x/v1/{project_id}/silent-liveness"): "reader",
    ("POST", "/x/v1/{project_id}/liveness-sessions/{session_id}/video"): "reader",
    ("GET", "/x/v1/{project_id}/liveness-sessions/{session_id}/result"): "reader",
    ("GET", "/x/v1/{project_id}/activity"): "reader",
    ("GET", "/x/v1/{project_id}/external-image-id"): "reader",
    ("GET", "/x/v1/{project_id}/face-sets/{face_set_name}/faces"): "reader",
    ("POST", "/x/v1/{project_id}/face-check"): "reader",
    ("POST", "/x/v1/{project_id}/face-sets/{face_set_name}/imports"): "operator",
    ("GET", "/x/v1/{project_id}/policies"): "reader",
    ("GET", POLICY): "reader",
    ("PUT", POLICY): "operator",
    ("DELETE", POLICY): "operator",
    ("GET", f"{SET}/search-settings"): "reader",
    ("PUT", f"{SET}/search-settings"): "operator",
    ("DELETE", f"{SET}/search-settings"): "operator",
    ("GET", f"{SET}/people"): "reader",
    ("POST", f"{SET}/people/merge"): "operator",
    ("POST", f"{SET}/people/rename"): "operator",
    ("POST", f"{SET}/people/split"): "operator",
    ("POST", f"{SET}/people/distinct"): "operator",
    ("GET", f"{SET}/people/duplicates"): "reader",
    ("GET", f"{SET}/crops"): "reader",
    ("PUT", f"{SET}/crops"): "admin",
    ("DELETE", f"{SET}/crops"): "admin",
    ("GET", f"{SET}/faces/{{face_id}}/crop"): "operator",
    ("GET", f"{SET}/risk"): "reader",
    ("POST", f"{SET}/identify"): "reader",
    ("GET", "/x/v1/{project_id}/status"): "reader",
    ("GET", "/x/v1/{project_id}/samples"): "reader",
    ("GET", "/x/v1/{project_id}/samples/{name}"): "reader",
    ("GET", f"{SET}/retention"): "reader",
    ("PUT", f"{SET}/retention"): "operator",
    ("DELETE", f"{SET}/retention"): "operator",
    ("PUT", f"{SET}/legal-hold"): "admin",
    ("DELETE", f"{SET}/legal-hold"): "admin",
    ("GET", "/x/v1/{project_id}/deletions"): "reader",
    ("GET", "/x/v1/accounts/{project_id}"): "admin",
    ("PUT", "/x/v1/accounts/{project_id}/limits"): "admin",
    ("GET", "/x/v1/accounts/{project_id}/audit"): "admin",
    ("GET", "/x/v1/accounts/{project_id}/audit/export"): "admin",
    ("GET", "/x/v1/accounts/{project_id}/users"): "admin",
    ("POST", "/x/v1/accounts/{project_id}/users"): "admin",
    ("DELETE", USER): "admin",
    ("PUT", f"{USER}/role"): "admin",
    ("DELETE", f"{USER}/role"): "admin",
    ("PUT", f"{USER}/enabled"): "admin",
    ("POST", f"{USER}/password"): "admin",
    ("GET", f"{USER}/keys"): "admin",
    ("POST", f"{USER}/keys"): "admin",
    ("DELETE", "/x/v1/accounts/{project_id}/keys/{access_key}"): "admin",
    ("POST", "/x/v1/password"): "everybody",
    ("POST", "/v3/auth/tokens"): "everybody",
    ("POST", "/x/v1/console-session"): "signed in",
    ("GET", "/x/v1/console-session"): "everybody",
    ("DELETE", "/x/v1/console-session"): "everybody",
    ("GET", "/x/v1/console-session/openid"): "everybody",
    ("GET", "/x/v1/console-session/openid/available"): "everybody",
    ("GET", "/x/v1/console-session/openid/callback"): "everybody",
    ("GET", "/v3/auth/tokens"): "signed in",
    ("DELETE", "/v3/auth/tokens"): "signed in",
    ("GET", "/"): "everybody",
    ("GET", "/v3"): "everybody",
    ("GET", "/v3/"): "everybody",
    ("GET", "/v3/auth/catalog"): "signed in",
    ("GET", "/v3/projects"): "signed in",
    ("GET", "/v3/auth/projects"): "signed in",
    ("GET", "/v3/auth/domains"): "signed in",
    ("POST", "/v3.0/OS-CREDENTIAL/securitytokens"): "signed in",
    ("GET", "/health"): "everybody",
    ("GET", "/ready"): "everybody",
    ("GET", "/console"): "everybody",
    ("GET", "/console/{path:path}"): "everybody",
    ("GET", "/docs"): "everybody",
    ("GET", "/docs/"): "everybody",
    ("GET", "/docs/oauth2-redirect"): "everybody",
    ("GET", "/openapi.json"): "everybody",
}
ROLES = ("reader", "operator", "admin")
IN_PROJECT = [pytest.param(*route, role, id=" ".join(route)) for route, role in ROUTES.items() if role in ROLES]


@pytest.fixture(scope="module")
def routes() -> dict[tuple[str, str], Any]:
    return {
        (method, str(context.path)): context
        for context in iter_route_contexts(create_routes().routes)
        for method in context.methods or ()
        if method != "HEAD"
    }


def test_every_route_has_a_row(routes: dict[tuple[str, str], Any]) -> None:
    assert routes.keys() == ROUTES.keys()


def test_every_route_requires_the_role_of_its_row(routes: dict[tuple[str, str], Any]) -> None:
    for route, role in ROUTES.items():
        permission = permission_of(routes[route])
        assert (permission.role if permission else None) == (role if role in ROLES else None), route


def test_dependencies_of_routes_are_coroutines(routes: dict[tuple[str, str], Any]) -> None:
    """FastAPI calls synchronous dependencies on a thread, which costs more than the work of these."""
    for route in routes.values():
        pending = [route.dependant] if getattr(route, "dependant", None) else []
        while pending:
            dependant = pending.pop()
            pending += dependant.dependencies
            call = dependant.call if inspect.isroutine(dependant.call) else type(dependant.call).__call__
            assert inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call), dependant.call


def test_both_versions_of_an_operation_count_towards_one_rate(routes: dict[tuple[str, str], Any]) -> None:
    for method, path in FRS:
        old, new = (routes[method, f"/{version}/{{project_id}}{path}"].name for version in ("v1", "v2"))
        assert old == new


def address(path: str, project_id: str) -> str:
    names = {
        "project_id": project_id,
        "face_set_name": "nothing",
        "user_id": "0" * 32,
        "access_key": "NOTHING",
        "session_id": "0" * 32,
        "face_id": "aaaaaaaa",
        "name": "nothing",
    }
    return path.format(**names)


def send(tenant: Tenant, method: str, url: str, headers: dict[str, str]) -> httpx.Response:
    return tenant.server.anonymous.request(method, url, headers=headers, json=None if method == "GET" else {})


def code(response: httpx.Response) -> str:
    body = response.json()
    return str(body.get("error_code") or body.get("error", {}).get("title") or "")


@pytest.mark.parametrize(("method", "path", "least"), IN_PROJECT)
def test_a_role_is_allowed_exactly_the_routes_of_its_row(tenant: Tenant, method: str, path: str, least: str) -> None:
    url = address(path, tenant.project_id)
    assert code(send(tenant, method, url, {})) == "APIG.0301"
    for role in ROLES:
        response = send(tenant, method, url, {"X-Auth-Token": tenant.token(role)})
        if ROLES.index(role) < ROLES.index(least):
            assert (response.status_code, code(response)) == (403, "APIG.0302"), role
        else:
            assert response.status_code < 500
            assert response.status_code not in {401, 403}, (role, response.text)


@pytest.mark.parametrize(("method", "path", "least"), IN_PROJECT)
def test_the_project_of_another_domain_is_forbidden(
    tenant: Tenant, other: Tenant, method: str, path: str, least: str
) -> None:
    url = address(path, other.project_id)
    for role in ROLES:
        response = send(tenant, method, url, {"X-Auth-Token": tenant.token(role)})
        assert (response.status_code, code(response)) == (403, "FRS.0028")
    never = send(tenant, method, address(path, "f" * 32), {"X-Auth-Token": tenant.token("admin")})
    assert never.json()["error_msg"] == response.json()["error_msg"]


@pytest.mark.parametrize(
    ("method", "path"), [route for route, role in ROUTES.items() if role == "signed in"], ids=" ".join
)
def test_the_other_iam_routes_need_credentials(tenant: Tenant, method: str, path: str) -> None:
    body = {"auth": {"identity": {"methods": ["token"]}}}
    for headers in ({}, {"X-Auth-Token": "garbled"}):
        response = tenant.server.anonymous.request(method, path, headers=headers, json=body)
        assert (response.status_code, response.json()["error"]["title"]) == (401, "Unauthorized")


def test_names_and_ids_of_another_domain_are_reported_as_missing(tenant: Tenant, other: Tenant) -> None:
    with other.client() as other_client:
        assert other_client.post(f"{other.base}/face-sets", json={"face_set_name": "secret"}).status_code == 200
        added = other_client.post(
            f"{other.base}/face-sets/secret/faces", files={"image_file": photo((200, 90, 90))}
        ).json()
        other_face = added["faces"][0]["face_id"]
        users = other_client.get(f"{other.server.endpoint}/x/v1/accounts/{other.project_id}/users").json()["users"]
        user = users[0]["id"]
    with tenant.client() as client:
        assert client.post(f"{tenant.base}/face-sets", json={"face_set_name": "own"}).status_code == 200

        def responses(set_name: str, face_id: str, user_id: str, key: str) -> list[tuple[int, str]]:
            sets = f"{tenant.base}/face-sets"
            account_url = f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}"
            requests = [
                client.get(f"{sets}/{set_name}"),
                client.delete(f"{sets}/{set_name}"),
                client.get(f"{sets}/{set_name}/faces"),
                client.post(f"{sets}/{set_name}/search", json={"face_id": face_id}),
                client.post(f"{sets}/own/search", json={"face_id": face_id}),
                client.get(f"{sets}/own/faces", params={"face_id": face_id}),
                client.put(f"{sets}/own/faces", json={"face_id": face_id, "external_image_id": "x"}),
                client.delete(f"{sets}/own/faces", params={"face_id": face_id}),
                client.get(f"{account_url}/users/{user_id}/keys"),
                client.post(f"{account_url}/users/{user_id}/keys"),
                client.post(f"{account_url}/users/{user_id}/password"),
                client.put(f"{account_url}/users/{user_id}/enabled", json={"enabled": False}),
                client.put(f"{account_url}/users/{user_id}/role", json={"role": "reader"}),
                client.delete(f"{account_url}/users/{user_id}/role"),
                client.delete(f"{account_url}/users/{user_id}"),
                client.delete(f"{account_url}/keys/{key}"),
            ]
            texts = [each.text.replace(set_name, "SET").replace(face_id, "FACE") for each in requests]
            return [(each.status_code, text) for each, text in zip(requests, texts, strict=True)]

        invented = responses("invented", "aaaaaaaa", "0" * 32, "NOTHING")
        assert responses("secret", other_face, user, other.account["access_key"]) == invented
        assert {status for status, _ in invented} == {400, 404}
        assert client.get(f"{tenant.base}/face-sets").json()["face_sets_info"][0]["face_set_name"] == "own"
    with other.client() as other_client:
        assert len(other_client.get(f"{other.base}/face-sets/secret/faces").json()["faces"]) == 1
