"""``openfrs sets``."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openfrs.cli import main
from openfrs.core.errors import OperatorError, ServiceError
from tests.support.data_directories import new_data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return new_data(tmp_path / "data", "s")


def run(data: Path, *arguments: str) -> str:
    """Run a subcommand, and return its output."""
    result = CliRunner().invoke(main.app, ["sets", *arguments, "--data", str(data)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_sets_are_created_listed_and_deleted(data: Path) -> None:
    assert "Created face set people" in run(data, "create", "people", "--fields", '{"age": {"type": "integer"}}')
    assert "age: integer" in run(data, "list")
    rows = json.loads(run(data, "list", "--json"))
    assert [(row["face_set_name"], row["face_number"]) for row in rows] == [("s", 0), ("people", 0)]
    assert rows[1]["external_fields"] == {"age": {"type": "integer"}}
    assert "Deleted face set people with 0 faces" in run(data, "delete", "people", "--yes")
    assert [row["face_set_name"] for row in json.loads(run(data, "list", "--json"))] == ["s"]
    events = [json.loads(line) for line in (data / "audit.jsonl").read_text("utf-8").splitlines()]
    assert [event["command"] for event in events] == ["create face set people", "delete face set people"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["create", "s"], ServiceError),
        (["create", "t", "--fields", "[]"], OperatorError),
        (["create", "t", "--project", "nobody"], OperatorError),
        (["delete", "t", "--yes"], ServiceError),
    ],
)
def test_invalid_sets_are_rejected_in_one_line(data: Path, arguments: list[str], error: type[Exception]) -> None:
    with pytest.raises(error):
        run(data, *arguments)


def test_a_deletion_is_confirmed(data: Path) -> None:
    result = CliRunner().invoke(main.app, ["sets", "delete", "s", "--data", str(data)], input="n\n")
    assert result.exit_code == 1
    assert [row["face_set_name"] for row in json.loads(run(data, "list", "--json"))] == ["s"]
