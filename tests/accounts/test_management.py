"""Account management by admins over HTTP and by the operator on the command line."""

from typing import Any

import httpx
import pytest

from tests.support.servers import Server
from tests.support.tenants import Tenant, accounts, log_in


@pytest.fixture
def admin(tenant: Tenant) -> Any:
    with tenant.client() as client:
        client.base_url = f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}"
        yield client


def test_an_admin_creates_and_disables_a_user(tenant: Tenant, admin: httpx.Client) -> None:
    created = admin.post("/users", json={"name": "worker", "role": "operator"}).json()
    user = created["user"]
    assert user["role"] == "operator"
    response = log_in(tenant.server, tenant.name, "worker", created["password"], "main")
    token = {"X-Auth-Token": response.headers["X-Subject-Token"]}
    key = admin.post(f"/users/{user['id']}/keys").json()
    tenant.sdk(key["access_key"], key["secret_key"])
    assert [each["access_key"] for each in admin.get(f"/users/{user['id']}/keys").json()["keys"]] == [key["access_key"]]
    assert tenant.server.anonymous.get(f"{tenant.base}/face-sets", headers=token).status_code == 200

    changed = admin.put(f"/users/{user['id']}/enabled", json={"enabled": False}).json()
    assert changed["user"]["enabled"] is False
    assert tenant.server.anonymous.get(f"{tenant.base}/face-sets", headers=token).status_code == 401
    assert log_in(tenant.server, tenant.name, "worker", created["password"], "main").status_code == 401
    admin.put(f"/users/{user['id']}/enabled", json={"enabled": True})
    password = admin.post(f"/users/{user['id']}/password").json()["password"]
    assert log_in(tenant.server, tenant.name, "worker", password, "main").status_code == 201
    assert admin.put(f"/users/{user['id']}/role", json={"role": "reader"}).json()["user"]["role"] == "reader"
    assert admin.delete(f"/users/{user['id']}/role").json()["user"]["role"] == ""
    assert admin.delete(f"/keys/{key['access_key']}").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "", "role": "reader"},
        {"name": "x", "role": "king"},
        {"name": 1, "role": "reader"},
        [],
    ],
)
def test_a_malformed_user_is_a_bad_request(admin: httpx.Client, body: Any) -> None:
    response = admin.post("/users", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == 400


def test_a_name_is_used_once_in_a_domain(admin: httpx.Client) -> None:
    statuses = [admin.post("/users", json={"name": "twice", "role": "reader"}).status_code for _ in range(2)]
    assert statuses == [200, 409]


def test_an_admin_cannot_manage_users_of_another_project(tenant: Tenant, admin: httpx.Client) -> None:
    accounts(tenant.server, "create-project", tenant.name, "second")
    created = accounts(tenant.server, "create-user", tenant.name, "elsewhere", "--project", "second")
    assert created["password"]
    listed = {user["name"] for user in admin.get("/users").json()["users"]}
    assert "admin" in listed
    assert "elsewhere" not in listed


def admin_of(tenant: Tenant, project: str) -> httpx.Client:
    """Return a client of a new admin of another project of the tenant's domain."""
    created = accounts(tenant.server, "create-project", tenant.name, project)
    name = f"admin-of-{project}"
    user = accounts(tenant.server, "create-user", tenant.name, name, "--project", project, "--role", "admin")
    token = log_in(tenant.server, tenant.name, name, user["password"], project).headers["X-Subject-Token"]
    base = f"{tenant.server.endpoint}/x/v1/accounts/{created['project_id']}"
    client = tenant.server.client(headers={"X-Auth-Token": token})
    client.base_url = httpx.URL(base)
    return client


def test_a_user_without_a_role_is_managed_by_its_own_project_alone(tenant: Tenant, admin: httpx.Client) -> None:
    """Otherwise an admin could keep a key of a user, and wait until another project grants the user a role."""
    user = admin.post("/users", json={"name": "planted", "role": "reader"}).json()["user"]
    admin.post(f"/users/{user['id']}/keys")
    assert admin.delete(f"/users/{user['id']}/role").status_code == 200
    with admin_of(tenant, "other-project") as other_admin:
        assert "planted" not in {each["name"] for each in other_admin.get("/users").json()["users"]}
        assert other_admin.put(f"/users/{user['id']}/role", json={"role": "reader"}).status_code == 404
        assert other_admin.post(f"/users/{user['id']}/password").status_code == 404
    assert admin.put(f"/users/{user['id']}/role", json={"role": "reader"}).status_code == 200


def test_a_user_that_the_operator_creates_without_a_role_is_managed_by_no_admin(
    tenant: Tenant, admin: httpx.Client
) -> None:
    accounts(tenant.server, "create-user", tenant.name, "homeless")
    assert "homeless" not in {each["name"] for each in admin.get("/users").json()["users"]}
    accounts(tenant.server, "grant", tenant.name, "homeless", "main", "reader")
    assert "homeless" in {each["name"] for each in admin.get("/users").json()["users"]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "role", {"role": "operator"}),
        ("DELETE", "role", None),
        ("PUT", "enabled", {"enabled": False}),
    ],
)
def test_the_last_admin_of_a_project_keeps_the_role(
    server: Server, method: str, path: str, body: dict[str, Any] | None
) -> None:
    tenant = Tenant.new(server)
    tenant.add_user("second", "admin")
    with tenant.client() as client:
        base = f"{server.endpoint}/x/v1/accounts/{tenant.project_id}/users"
        users = {user["name"]: user["id"] for user in client.get(base).json()["users"]}
        assert client.request(method, f"{base}/{users['second']}/{path}", json=body).status_code == 200
        refused = client.request(method, f"{base}/{users['admin']}/{path}", json=body)
        assert (refused.status_code, refused.json()["error"]["message"]) == (
            409,
            "The last administrator of a project keeps the role.",
        )
        assert client.put(f"{base}/{users['admin']}/role", json={"role": "admin"}).status_code == 200


def test_the_project_shows_its_limits(server: Server) -> None:
    tenant = Tenant.new(server)
    with tenant.client() as client:
        description = client.get(f"{server.endpoint}/x/v1/accounts/{tenant.project_id}").json()
    assert description["domain"]["name"] == tenant.name
    assert description["limits"]["rate"] == 10
    assert description["limits"]["slow_rate"] == 1
    assert description["limits_editable"] is False


def test_an_admin_of_the_operator_changes_limits(server: Server, http: httpx.Client) -> None:
    url = f"{server.endpoint}/x/v1/accounts/{server.credentials['project_id']}"
    before = http.get(url).json()
    assert before["limits_editable"] is True
    changed = http.put(f"{url}/limits", json={"limits": {"max_face_sets": 77, "rate": 5000}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["limits"] == {**before["limits"], "max_face_sets": 77, "rate": 5000}
    assert http.get(url).json()["limits"] == changed.json()["limits"]
    invalid_limits: list[object] = [{"rate": -1}, {"speed": 1}, {"burst": "many"}, []]
    for invalid in invalid_limits:
        assert http.put(f"{url}/limits", json={"limits": invalid}).status_code == 400
    assert http.put(f"{url}/limits", json={"limits": before["limits"]}).json()["limits"] == before["limits"]


def test_an_admin_of_a_tenant_cannot_change_limits(tenant: Tenant, admin: httpx.Client) -> None:
    assert admin.put("/limits", json={"limits": {"rate": 5000}}).status_code == 403
    project = admin.get(str(admin.base_url).rstrip("/")).json()
    assert project["limits"]["rate"] != 5000


def test_a_disabled_project_is_unavailable(server: Server) -> None:
    tenant = Tenant.new(server)
    token = {"X-Auth-Token": tenant.token()}
    accounts(server, "disable-project", tenant.name, "main")
    response = tenant.server.anonymous.get(f"{tenant.base}/face-sets", headers=token)
    assert (response.status_code, response.json()["error_code"]) == (403, "APIG.0310")
    accounts(server, "enable-project", tenant.name, "main")
    assert tenant.server.anonymous.get(f"{tenant.base}/face-sets", headers=token).status_code == 200


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["create-domain", "openfrs"], "domain openfrs exists already; .*"),
        (["create-user", "nowhere", "x"], "there is no domain nowhere; domains: .*"),
        (["reset-password", "openfrs", "nobody"], "domain openfrs has no user nobody; its users: admin.*"),
        (["revoke-key", "NOTHING"], "there is no access key NOTHING; .*"),
        (["grant", "openfrs", "admin", "nothing", "reader"], "domain openfrs has no project nothing; its projects: .*"),
        (["limit", "openfrs", "local", "speed=9"], "speed is not a limit; limits: burst, .*"),
        (["limit", "openfrs", "local", "rate"], "limit rate has no value; write rate=VALUE"),
    ],
)
def test_a_failed_command_prints_one_line(server: Server, command: list[str], line: str) -> None:
    with pytest.raises(AssertionError, match=f"^openfrs: {line}\n$"):
        accounts(server, *command)


def test_the_list_shows_domains_users_roles_and_keys(tenant: Tenant) -> None:
    listed = accounts(tenant.server, "list")
    for text in (tenant.name, "main", "admin", "admin of main", tenant.account["access_key"]):
        assert text in listed
    assert tenant.account["secret_key"] not in listed
