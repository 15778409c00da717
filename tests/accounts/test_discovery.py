"""Discovery of services and versions by IAM clients, and the scopes of tokens that they request."""

from typing import Any

import pytest

from tests.support.servers import Server
from tests.support.signing import signed_headers
from tests.support.tenants import Tenant


def urls(catalog: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["type"]: entry["endpoints"][0]["url"] for entry in catalog}


def test_the_catalogue_of_a_token_is_that_of_the_login(server: Server) -> None:
    login = server.anonymous.post("/v3/auth/tokens", json=server.login_body())
    headers = {"X-Auth-Token": login.headers["X-Subject-Token"]}
    response = server.anonymous.get("/v3/auth/catalog", headers=headers).json()
    assert urls(response["catalog"]) == {
        "face": server.endpoint + server.project,
        "identity": f"{server.endpoint}/v3",
        "iam": f"{server.endpoint}/v3.0",
    }
    assert response["catalog"] == login.json()["token"]["catalog"]
    assert response["links"] == {"next": None, "previous": None, "self": f"{server.endpoint}/v3/auth/catalog"}


def test_the_catalogue_of_a_signer_has_the_named_project(tenant: Tenant, other: Tenant) -> None:
    def face_url(**more: str) -> str:
        headers = signed_headers(tenant.server, tenant.account, "GET", "/v3/auth/catalog", more=more)
        response = tenant.server.anonymous.get("/v3/auth/catalog", headers=headers)
        assert response.status_code == 200, response.text
        return urls(response.json()["catalog"])["face"]

    assert face_url() == f"{tenant.server.endpoint}/v2"
    assert face_url(**{"x-project-id": tenant.project_id}) == tenant.base
    assert face_url(**{"x-project-id": other.project_id}) == f"{tenant.server.endpoint}/v2"


def test_the_catalogue_needs_credentials(server: Server) -> None:
    response = server.anonymous.get("/v3/auth/catalog")
    assert (response.status_code, response.json()["error"]["code"]) == (401, 401)


@pytest.mark.parametrize("path", ["/v3", "/v3/"])
def test_the_version_of_the_identity_api_has_its_url(server: Server, path: str) -> None:
    version = server.anonymous.get(path, headers={"Accept": "application/json"}).json()["version"]
    assert version["links"] == [{"rel": "self", "href": f"{server.endpoint}/v3/"}]
    assert (version["id"], version["status"]) == ("v3.6", "stable")
    listed = server.anonymous.get("/", headers={"Accept": "application/json"}).json()
    assert listed == {"versions": {"values": [version]}}


def test_a_token_is_checked_by_head(server: Server) -> None:
    token = server.token()
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    response = server.anonymous.head("/v3/auth/tokens", headers=headers)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["X-Subject-Token"] == token
    unknown = server.anonymous.head("/v3/auth/tokens", headers={**headers, "X-Subject-Token": "gAAAAA" + "x" * 94})
    assert unknown.status_code == 401


def test_an_unscoped_token_has_no_project(server: Server) -> None:
    body = server.login_body()
    body["auth"]["scope"] = "unscoped"
    response = server.anonymous.post("/v3/auth/tokens", json=body)
    assert response.status_code == 201, response.text
    assert "project" not in response.json()["token"]


@pytest.mark.parametrize("scope", [{"system": {"all": True}}, {"OS-TRUST:trust": {"id": "x"}}])
def test_a_scope_other_than_project_and_domain_is_rejected(server: Server, scope: dict[str, Any]) -> None:
    body = server.login_body()
    body["auth"]["scope"] = scope
    response = server.anonymous.post("/v3/auth/tokens", json=body)
    assert response.status_code == 401
    assert "a project or a domain" in response.json()["error"]["message"]
    body["auth"]["scope"] = {"system": None, "project": {"id": server.credentials["project_id"]}}
    assert server.anonymous.post("/v3/auth/tokens", json=body).status_code == 201


def test_a_word_other_than_unscoped_is_no_scope(server: Server) -> None:
    body = server.login_body()
    body["auth"]["scope"] = "everything"
    assert server.anonymous.post("/v3/auth/tokens", json=body).status_code == 400
