"""Passwords that users choose, and those for one use."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from openfrs.accounts.passwords import check_new_password
from openfrs.core.errors import ServiceError
from tests.support.in_process import InProcessServer, in_process
from tests.support.tenants import Tenant, accounts, log_in

CHOSEN = "paper-kestrel-voltage-91"


@pytest.fixture(scope="module")
def server_of_passwords(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """A service of its own: wrong passwords lock the address."""
    with in_process(tmp_path_factory.mktemp("passwords") / "data") as server:
        yield server


@pytest.fixture
def domain(server_of_passwords: InProcessServer) -> Tenant:
    tenant = Tenant.new(server_of_passwords)
    tenant.lift_rate_limit()
    return tenant


def change(tenant: Tenant, user: str, password: str, new_password: str) -> httpx.Response:
    named = {"name": user, "domain": {"name": tenant.name}, "password": password}
    return tenant.server.anonymous.post("/x/v1/password", json={"user": named, "new_password": new_password})


def users_url(tenant: Tenant) -> str:
    return f"{tenant.server.endpoint}/x/v1/accounts/{tenant.project_id}/users"


def test_a_user_changes_the_password_and_tokens_end(domain: Tenant) -> None:
    old = domain.add_user("anna")
    with domain.client("anna") as client, domain.client() as admin:
        assert client.get(f"{domain.base}/face-sets").status_code == 200
        assert change(domain, "anna", old, CHOSEN).status_code == 204
        assert client.get(f"{domain.base}/face-sets").status_code == 401
        query = {"operation": "change_password"}
        (entry,) = admin.get(users_url(domain).replace("users", "audit"), params=query).json()["entries"]
    assert log_in(domain.server, domain.name, "anna", old, "main").status_code == 401
    assert log_in(domain.server, domain.name, "anna", CHOSEN, "main").status_code == 201
    assert (entry["actor"], entry["outcome"]) == (f"{domain.name}/anna", "success")


def test_a_password_for_one_use_signs_in_only_after_a_change(domain: Tenant) -> None:
    domain.add_user("ben")
    with domain.client() as admin:
        users: list[dict[str, Any]] = admin.get(users_url(domain)).json()["users"]
        (user_id,) = (user["id"] for user in users if user["name"] == "ben")
        reset = admin.post(f"{users_url(domain)}/{user_id}/password", json={"one_time": True})
    password = reset.json()["password"]
    refused = log_in(domain.server, domain.name, "ben", password, "main")
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        401,
        "The password must be changed first: POST /x/v1/password.",
    )
    assert change(domain, "ben", password, password).status_code == 400
    assert change(domain, "ben", password, CHOSEN).status_code == 204
    assert log_in(domain.server, domain.name, "ben", CHOSEN, "main").status_code == 201


def test_a_new_user_may_have_a_password_for_one_use(domain: Tenant) -> None:
    with domain.client() as admin:
        body = {"name": "cleo", "role": "reader", "one_time": True}
        by_request = admin.post(users_url(domain), json=body).json()["password"]
    options = ["--project", "main", "--one-time"]
    by_command = accounts(domain.server, "create-user", domain.name, "dora", *options)["password"]
    for user, password in (("cleo", by_request), ("dora", by_command)):
        assert log_in(domain.server, domain.name, user, password, "main").status_code == 401
        assert change(domain, user, password, CHOSEN).status_code == 204
        assert log_in(domain.server, domain.name, user, CHOSEN, "main").status_code == 201


def test_a_reset_without_a_body_gives_a_lasting_password(domain: Tenant) -> None:
    domain.add_user("emil")
    accounts(domain.server, "reset-password", domain.name, "emil", "--one-time")
    with domain.client() as admin:
        users: list[dict[str, Any]] = admin.get(users_url(domain)).json()["users"]
        (user_id,) = (user["id"] for user in users if user["name"] == "emil")
        password = admin.post(f"{users_url(domain)}/{user_id}/password").json()["password"]
    assert log_in(domain.server, domain.name, "emil", password, "main").status_code == 201


def test_wrong_passwords_are_counted_and_recorded_as_logins(domain: Tenant) -> None:
    password = domain.add_user("fay")
    responses = [change(domain, "fay", "wrong", CHOSEN) for _ in range(6)]
    assert [each.status_code for each in responses] == [401] * 6
    assert responses[-1].json()["error"]["message"] == "The account is locked."
    assert log_in(domain.server, domain.name, "fay", password, "main").status_code == 401
    with domain.client() as admin:
        query = {"operation": "login failed", "actor": "fay"}
        entries = admin.get(users_url(domain).replace("users", "audit"), params=query).json()["entries"]
    assert len(entries) == 5


def test_a_weak_password_is_rejected_in_the_envelope_of_iam(domain: Tenant) -> None:
    old = domain.add_user("gail")
    response = change(domain, "gail", old, "password1234")
    assert (response.status_code, response.json()["error"]["title"]) == (400, "Bad Request")
    assert "too easy to guess" in response.json()["error"]["message"]
    assert log_in(domain.server, domain.name, "gail", old, "main").status_code == 201


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("kX9v2mQ-pLw", "at least 12 characters"),
        ("x" * 257, "at most 256 characters"),
        ("the-current-one", "is the current one"),
        ("123456789012", "too easy to guess"),
        ("anna.kowalska", "too easy to guess"),
        ("a" * 200, "too easy to guess"),
    ],
)
def test_unacceptable_passwords(password: str, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        check_new_password(password, "the-current-one", names=("anna.kowalska", "acme"), min_length=12)


def test_a_phrase_is_accepted() -> None:
    check_new_password(CHOSEN, "the-current-one", names=("anna", "acme"), min_length=12)
    check_new_password("密码之外的一句很长的话语啊", "the-current-one", names=("王小明", "acme"), min_length=12)


def test_the_command_changes_a_password_that_is_known(domain: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    old = domain.add_user("hugo")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"wrong\n{CHOSEN}\n"))
    with pytest.raises(AssertionError, match="current password is wrong"):
        accounts(domain.server, "change-password", domain.name, "hugo")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{old}\n{CHOSEN}\n"))
    accounts(domain.server, "change-password", domain.name, "hugo")
    assert log_in(domain.server, domain.name, "hugo", CHOSEN, "main").status_code == 201
