"""``openfrs accounts``: errors name the thing and the choices, changes are reported, lists are JSON on request."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from openfrs.cli.main import app
from openfrs.core.errors import OperatorError
from tests.support.data_directories import new_data

Accounts = Callable[..., Result]


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """Runs ``openfrs accounts`` on a data directory with the domain acme, its project main and its users anna and ben."""
    data = new_data(tmp_path / "data")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["accounts", *arguments, "--data", str(data)], env={"COLUMNS": "80"})

    assert run("create-domain", "acme", "--project", "main", "--user", "anna").exit_code == 0
    assert run("create-user", "acme", "ben", "--project", "main", "--role", "reader").exit_code == 0
    return run


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "limit acme main speed=50",
            "speed is not a limit; limits: burst, concurrent, max_face_set_capacity, max_face_sets, rate, slow_rate",
        ),
        ("limit acme main rate", "limit rate has no value; write rate=VALUE"),
        ("limit acme main rate=fast", "limit rate: fast is not a number"),
        ("limit acme main rate=-1", "limit rate: -1 is not valid; it must be greater than or equal to 0"),
        ("limit acme minor rate=1", "domain acme has no project minor; its projects: main"),
        ("create-user acne ben", "there is no domain acne; domains: acme, openfrs"),
        ("create-user acme eve --project minor", "domain acme has no project minor; its projects: main"),
        ("create-user acme ben", "user ben of domain acme exists already; choose another name"),
        ("create-domain acme", "domain acme exists already; choose another name"),
        ("create-project acme main", "project main of domain acme exists already; choose another name"),
        (
            "create-project acme \x07",
            "project \x07 of domain acme: a name is not valid; a name has 1 to 64 characters, no control characters, "
            "no space at either end",
        ),
        ("grant acme eve main reader", "domain acme has no user eve; its users: anna, ben"),
        ("reset-password acme eve", "domain acme has no user eve; its users: anna, ben"),
        ("revoke-key NONE", "there is no access key NONE; openfrs accounts list shows what there is"),
        ("rotate-key NONE", "there is no access key NONE; openfrs accounts list shows what there is"),
    ],
)
def test_an_error_names_the_thing_and_the_choices(accounts: Accounts, command: str, message: str) -> None:
    result = accounts(*command.split(" "))
    assert isinstance(result.exception, OperatorError)
    assert str(result.exception) == message
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("command", "report"),
    [
        ("grant acme ben main operator", "User ben is operator of project main, no longer reader."),
        ("withdraw acme ben main", "User ben has no role on project main any more; the user's tokens are revoked."),
        ("disable acme ben", "User ben of domain acme is disabled; the user's tokens are revoked."),
        ("enable acme ben", "User ben of domain acme is enabled."),
        ("disable-project acme main", "Project main of domain acme is disabled; all its requests are rejected."),
        ("enable-project acme main", "Project main of domain acme is enabled."),
        ("limit acme main rate=5", "Project main of domain acme: rate=5; the settings apply to the others."),
        ("limit acme main", "Project main of domain acme: all limits are those of the settings."),
        ("rotate-token-keys", "New tokens are signed with a new key; existing tokens stay valid."),
    ],
)
def test_a_change_is_reported(accounts: Accounts, command: str, report: str) -> None:
    result = accounts(*command.split())
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [report]


def test_a_role_that_is_not_there_cannot_be_withdrawn(accounts: Accounts) -> None:
    accounts("withdraw", "acme", "ben", "main")
    error = accounts("withdraw", "acme", "ben", "main").exception
    assert str(error) == "there is no role of user ben on project main; openfrs accounts list shows what there is"


def test_the_list_is_json_on_request(accounts: Accounts) -> None:
    accounts("disable", "acme", "ben")
    acme = json.loads(accounts("list", "--json").stdout)[0]
    assert acme["name"] == "acme"
    (main,) = acme["projects"]
    assert (main["name"], main["enabled"], main["limits"]) == ("main", True, {})
    anna, ben = acme["users"]
    assert (anna["name"], anna["roles"], len(anna["access_keys"])) == ("anna", {"main": "admin"}, 1)
    assert (ben["name"], ben["enabled"], ben["roles"], ben["access_keys"]) == ("ben", False, {"main": "reader"}, [])
    revoked = accounts("revoke-key", anna["access_keys"][0]["access_key"]).stdout
    assert revoked.startswith("Access key ")
    assert revoked.endswith(" of user anna is deleted.\n")


def test_project_ids_and_access_keys_have_columns_of_their_own(accounts: Accounts) -> None:
    acme = json.loads(accounts("list", "--json").stdout)[0]
    headers: list[list[str]] = []
    rows: dict[str, list[str]] = {}
    for line in accounts("list").stdout.splitlines():
        cells = [cell.strip() for cell in line.replace("┃", "│").split("│")[1:-1]]
        if "domain" in cells:
            headers.append(cells)
        elif len(cells) > 1:
            rows.setdefault(cells[1], cells)
    assert headers[0] == ["domain", "project", "state", "project id"]
    assert headers[1][:4] == ["domain", "user", "state", "roles"]
    assert rows["main"] == ["acme", "main", "enabled", acme["projects"][0]["id"]]
    assert rows["ben"][:4] == ["acme", "ben", "enabled", "reader of main"]
