"""Deletion of users."""

from typing import Any

import pytest

from openfrs.accounts.administration import Administration
from openfrs.accounts.principal import Role
from openfrs.core.errors import ServiceError
from tests.support.tenants import Tenant, accounts, log_in


def users_url(tenant: Tenant) -> str:
    return f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/users"


def test_tokens_keys_and_roles_of_a_deleted_user_end_at_once(tenant: Tenant) -> None:
    with tenant.client() as admin:
        created = admin.post(users_url(tenant), json={"name": "deleted", "role": "reader"}).json()
        tenant.passwords["deleted"], user_id = created["password"], created["user"]["id"]
        key = admin.post(f"{users_url(tenant)}/{user_id}/keys").json()
        with tenant.client("deleted") as client:
            assert client.get(f"{tenant.base}/face-sets").status_code == 200
            temporary = client.post(
                f"{tenant.server.endpoint}/v3.0/OS-CREDENTIAL/securitytokens",
                json={"auth": {"identity": {"methods": ["token"]}}},
            )
            assert temporary.status_code == 201
            deleted = admin.delete(f"{users_url(tenant)}/{user_id}")
            assert (deleted.status_code, deleted.json()) == (200, {"id": user_id, "name": "deleted"})
            assert client.get(f"{tenant.base}/face-sets").status_code == 401
        assert log_in(tenant.server, tenant.name, "deleted", created["password"], "main").status_code == 401
        assert admin.delete(f"{users_url(tenant)}/{user_id}").status_code == 404
        assert admin.delete(users_url(tenant).replace("users", f"keys/{key['access_key']}")).status_code == 404
        entry = admin.get(users_url(tenant).replace("users", "audit"), params={"operation": "delete_user"}).json()
        assert entry["entries"][1]["subject"] == f"{tenant.name}/deleted"
        again = admin.post(users_url(tenant), json={"name": "deleted", "role": "reader"})
        assert again.json()["user"]["id"] != user_id


def test_the_last_admin_cannot_be_deleted(tenant: Tenant) -> None:
    with tenant.client() as admin:
        users: list[dict[str, Any]] = admin.get(users_url(tenant)).json()["users"]
        (user_id,) = (user["id"] for user in users if user["role"] == "admin")
        assert admin.delete(f"{users_url(tenant)}/{user_id}").status_code == 409


def test_a_command_deletes_a_user_and_is_recorded_for_the_project(tenant: Tenant) -> None:
    tenant.add_user("commanded-away")
    accounts(tenant.server, "create-key", tenant.name, "commanded-away")
    accounts(tenant.server, "delete-user", tenant.name, "commanded-away")
    with tenant.client() as admin:
        url = users_url(tenant).replace("users", "audit")
        entry = admin.get(url, params={"operation": "delete-user"}).json()["entries"][0]
    assert (entry["subject"], entry["outcome"]) == (f"{tenant.name}/commanded-away", "success")


def test_a_role_for_a_user_who_was_just_deleted_is_rejected(tenant: Tenant) -> None:
    administration: Administration = tenant.server.services.administration  # type: ignore[attr-defined]
    tenant.add_user("vanishing")
    user = administration.find_user(tenant.name, "vanishing")
    project = administration.find_project(tenant.name, "main")
    administration.delete_user(user)
    with pytest.raises(ServiceError, match="could not be found"):
        administration.set_role(user, project, Role.READER)
