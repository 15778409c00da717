"""The console's session in a cookie, and attacks on it."""

from http.cookies import Morsel, SimpleCookie

import httpx
import pytest

from tests.support.servers import Server
from tests.support.tenants import Tenant, accounts, log_in

PATH = "/x/v1/console-session"
CONSOLE = {"X-OpenFRS-Console": "1"}
NAME = "openfrs-console"


def anonymous(server: Server) -> httpx.Client:
    """Return a client that has kept no cookies."""
    server.anonymous.cookies.clear()
    return server.anonymous


def sign_in(tenant: Tenant, user: str = "admin") -> str:
    return log_in(tenant.server, tenant.name, user, tenant.passwords[user], "main").headers["X-Subject-Token"]


def begun(server: Server, token: str) -> "Morsel[str]":
    response = anonymous(server).post(PATH, headers={**CONSOLE, "X-Auth-Token": token})
    assert response.status_code == 204, response.text
    return SimpleCookie(response.headers["set-cookie"])[NAME]


def send(
    server: Server, method: str, cookie: str, headers: dict[str, str] | None = None, path: str = PATH
) -> httpx.Response:
    headers = {**(CONSOLE if headers is None else headers), "Cookie": f"{NAME}={cookie}"}
    return anonymous(server).request(method, path, headers=headers)


def works(tenant: Tenant, token: str) -> bool:
    return anonymous(tenant.server).get(f"{tenant.base}/face-sets", headers={"X-Auth-Token": token}).status_code == 200


def is_refused(response: httpx.Response) -> bool:
    return response.status_code == 401 and "X-Subject-Token" not in response.headers


def test_a_session_survives_a_reload(tenant: Tenant) -> None:
    cookie = begun(tenant.server, sign_in(tenant)).value
    for _ in range(2):
        response = send(tenant.server, "GET", cookie)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json()["token"]["project"]["id"] == tenant.project_id
        assert works(tenant, response.headers["X-Subject-Token"])


def test_without_a_cookie_there_is_no_session(server: Server) -> None:
    assert anonymous(server).get(PATH, headers=CONSOLE).status_code == 204
    assert anonymous(server).delete(PATH, headers=CONSOLE).status_code == 204


def test_the_cookie_is_hidden_from_scripts_other_sites_and_other_paths(tenant: Tenant) -> None:
    cookie = begun(tenant.server, sign_in(tenant))
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("strict", PATH, "")
    assert 0 < int(cookie["max-age"]) <= 24 * 3600


def test_a_session_expires_with_the_token_of_its_sign_in(tenant: Tenant) -> None:
    response = log_in(tenant.server, tenant.name, "admin", tenant.passwords["admin"], "main")
    cookie = begun(tenant.server, response.headers["X-Subject-Token"]).value
    assert send(tenant.server, "GET", cookie).json()["token"]["expires_at"] == response.json()["token"]["expires_at"]


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
@pytest.mark.parametrize(
    "headers", [{}, {**CONSOLE, "Sec-Fetch-Site": "cross-site"}, {**CONSOLE, "Sec-Fetch-Site": "same-site"}]
)
def test_a_request_of_another_site_is_rejected(tenant: Tenant, method: str, headers: dict[str, str]) -> None:
    token = sign_in(tenant)
    cookie = begun(tenant.server, token).value
    response = send(tenant.server, method, cookie, {"X-Auth-Token": token, **headers})
    assert response.status_code == 403
    assert "X-Subject-Token" not in response.headers
    assert "Set-Cookie" not in response.headers
    assert send(tenant.server, "GET", cookie).status_code == 200


def test_the_cookie_authenticates_no_other_request(tenant: Tenant) -> None:
    cookie = begun(tenant.server, sign_in(tenant)).value
    for path in (f"{tenant.base}/face-sets", "/v3/auth/projects", f"/x/v1/accounts/{tenant.project_id}/users"):
        assert send(tenant.server, "GET", cookie, path=path).status_code == 401
        headers = {**CONSOLE, "X-Auth-Token": cookie}
        assert anonymous(tenant.server).get(path, headers=headers).status_code == 401


def test_a_token_is_no_session(tenant: Tenant) -> None:
    token = sign_in(tenant)
    assert is_refused(send(tenant.server, "GET", token))
    assert is_refused(send(tenant.server, "GET", "garbled"))


def test_a_session_begins_with_a_token_only(tenant: Tenant) -> None:
    cookie = begun(tenant.server, sign_in(tenant)).value
    assert send(tenant.server, "POST", cookie).status_code == 401


def test_a_planted_cookie_is_replaced_at_the_sign_in(tenant: Tenant, other: Tenant) -> None:
    planted = begun(tenant.server, sign_in(other)).value
    headers = {**CONSOLE, "X-Auth-Token": sign_in(tenant), "Cookie": f"{NAME}={planted}"}
    response = anonymous(tenant.server).post(PATH, headers=headers)
    cookie = SimpleCookie(response.headers["set-cookie"])[NAME].value
    assert send(tenant.server, "GET", cookie).json()["token"]["project"]["id"] == tenant.project_id
    assert send(tenant.server, "GET", planted).json()["token"]["project"]["id"] == other.project_id


def test_a_signed_out_session_cannot_be_replayed(tenant: Tenant) -> None:
    signed_in_with = sign_in(tenant)
    cookie = begun(tenant.server, signed_in_with).value
    resumed = send(tenant.server, "GET", cookie).headers["X-Subject-Token"]
    ended = send(tenant.server, "DELETE", cookie)
    assert ended.status_code == 204
    assert SimpleCookie(ended.headers["set-cookie"])[NAME]["max-age"] == "0"
    assert is_refused(send(tenant.server, "GET", cookie))
    assert not works(tenant, signed_in_with)
    assert not works(tenant, resumed)


def test_a_sign_out_takes_the_token_behind_a_change_of_project(tenant: Tenant) -> None:
    first = sign_in(tenant)
    identity = {"methods": ["token"], "token": {"id": first}}
    body = {"auth": {"identity": identity, "scope": {"project": {"name": "main"}}}}
    second = anonymous(tenant.server).post("/v3/auth/tokens", json=body).headers["X-Subject-Token"]
    send(tenant.server, "DELETE", begun(tenant.server, second).value)
    assert not works(tenant, first)


def test_a_session_ends_with_its_user_and_its_password(server: Server) -> None:
    tenant = Tenant.new(server)
    tenant.lift_rate_limit()
    for change in ("password", "disable"):
        cookie = begun(server, sign_in(tenant)).value
        assert send(server, "GET", cookie).status_code == 200
        if change == "password":
            user = {"name": "admin", "password": tenant.passwords["admin"], "domain": {"name": tenant.name}}
            body = {"user": user, "new_password": "another long pass phrase"}
            assert anonymous(server).post("/x/v1/password", json=body).status_code == 204
            tenant.passwords["admin"] = body["new_password"]  # type: ignore[assignment]
        else:
            accounts(server, "disable", tenant.name, "admin")
        assert is_refused(send(server, "GET", cookie)), change


def test_a_session_resumes_in_a_project_of_the_user(tenant: Tenant, other: Tenant) -> None:
    cookie = begun(tenant.server, sign_in(tenant)).value
    response = send(tenant.server, "GET", cookie, path=f"{PATH}?project_id={other.project_id}")
    assert response.json()["token"]["project"]["id"] == tenant.project_id
