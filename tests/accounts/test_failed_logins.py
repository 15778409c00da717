"""Failed logins: the key that they are counted by, and their audit entries."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openfrs.accounts import failed_logins as module
from openfrs.accounts.audit.log import FileAuditLog
from openfrs.accounts.authentication import Login
from openfrs.accounts.failed_logins import FailedLogins
from openfrs.accounts.throttle import LoginRefusedError
from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.metrics import REGISTRY
from tests.support.in_process import InProcessServer, in_process
from tests.support.tenants import Tenant

WRONG, LOCKED = "The username or password is wrong.", "The account is locked."


@pytest.fixture(scope="module")
def guessed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """A service of its own: the guesses lock the address."""
    with in_process(tmp_path_factory.mktemp("guessed") / "data") as server:
        yield server


def guess(server: InProcessServer, user: dict[str, Any]) -> str:
    identity = {"methods": ["password"], "password": {"user": {**user, "password": "wrong"}}}
    response = server.anonymous.post("/v3/auth/tokens", json={"auth": {"identity": identity}})
    assert response.status_code == 401
    message: str = response.json()["error"]["message"]
    return message


@pytest.mark.parametrize("exists", [True, False])
def test_all_spellings_of_a_user_are_locked_together(guessed_server: InProcessServer, exists: bool) -> None:
    tenant = Tenant.new(guessed_server)
    domain = guessed_server.services.administration.find_domain(tenant.name)
    name = "admin" if exists else "nobody"
    spellings: list[dict[str, Any]] = [
        {"name": name, "domain": {"name": tenant.name}},
        *({"name": name, "domain": {"id": domain.id, "name": f"alias{number}"}} for number in range(4)),
        {"name": name, "domain": {"id": domain.id}},
    ]
    if exists:
        user = guessed_server.services.administration.find_user(tenant.name, name)
        spellings += [{"id": user.id}, {"id": user.id, "name": "alias", "domain": {"name": "elsewhere"}}]
    messages = [guess(guessed_server, spelling) for spelling in spellings]
    assert messages == [WRONG] * 5 + [LOCKED] * (len(spellings) - 5)


def test_an_admin_finds_the_failed_logins_of_a_user_in_every_spelling(guessed_server: InProcessServer) -> None:
    tenant = Tenant.new(guessed_server)
    token = tenant.token()
    user = guessed_server.services.administration.find_user(tenant.name, "admin")
    spellings: list[dict[str, Any]] = [
        {"id": user.id},
        {"name": "admin", "domain": {"name": tenant.name}},
        {"name": "admin", "domain": {"id": user.domain.id, "name": "alias"}},
    ]
    for spelling in [*spellings, *spellings, *spellings]:
        guess(guessed_server, spelling)
    guessed_server.services.failed_logins.flush()
    path = f"/x/v1/accounts/{tenant.project_id}/audit"
    query = {"text": user.id, "limit": "200"}
    entries = guessed_server.anonymous.get(path, params=query, headers={"X-Auth-Token": token}).json()["entries"]
    assert [entry["account"] for entry in entries if "login" in entry["event"]] == [f"/{tenant.name}/admin"] * 6
    assert [entry["event"] for entry in entries[:6]] == ["logins refused", *["login failed"] * 5]
    assert entries[0]["count"] == 4


def entries_after(path: Path, *failures: tuple[Login, ServiceError]) -> list[dict[str, Any]]:
    with closing(FileAuditLog(path)) as log:
        failed_logins = FailedLogins(log)
        for login, error in failures:
            failed_logins.record(login, None, error)
        failed_logins.flush()
        failed_logins.flush()
        return [json.loads(line) for line in log.newest_first()]


def test_failed_logins_are_counted_by_outcome(tmp_path: Path) -> None:
    def counted(outcome: str) -> float:
        return REGISTRY.get_sample_value("openfrs_failed_logins_total", {"outcome": outcome}) or 0

    before = counted("rejected"), counted("refused")
    login = Login("", "192.0.2.1", user_name="anna")
    errors = [ServiceError("IAM.401", WRONG), LoginRefusedError("IAM.429"), LoginRefusedError("IAM.429")]
    entries_after(tmp_path / "log", *((login, error) for error in errors))
    assert (counted("rejected"), counted("refused")) == (before[0] + 1, before[1] + 2)


def test_an_entry_is_bounded_whatever_the_client_sends(tmp_path: Path) -> None:
    login = Login("x" * 10_000, "1.2.3.4", user_name="\x01" * 10_000, domain_id="d" * 10_000, domain_name="ü" * 10_000)
    (entry,) = entries_after(tmp_path / "log", (login, ServiceError("IAM.401", WRONG)))
    assert entry["account"] == f"{'d' * 64}/{'ü' * 64}/{'?' * 64}"
    assert (tmp_path / "log-logins").stat().st_size < 512


def test_refused_logins_are_summed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SUMS", 3)
    error = LoginRefusedError("IAM.401", LOCKED)
    logins = [Login("", f"1.2.3.{number % 6}", user_name=f"guess{number}") for number in range(600)]
    entries = entries_after(tmp_path / "log", *((login, error) for login in logins))
    assert {entry.get("address", ""): entry["count"] for entry in entries} == {
        "1.2.3.0": 100,
        "1.2.3.1": 100,
        "1.2.3.2": 100,
        "": 300,
    }
