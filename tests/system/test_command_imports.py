"""Lazy commands: each imports only the modules that it needs, and help lists all of them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from openfrs.cli.main import Commands, app

HEAVY = {"fastapi", "uvicorn", "starlette", "openvino"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["templates", "encrypt", "--help"],
        ["templates", "encrypt"],
        ["serve", "--help"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_command_does_not_import_the_server(arguments: list[str], tmp_path: Path) -> None:
    program = f"""
import sys
from openfrs.cli.main import main
try:
    main()
finally:
    print("imported:", sorted({HEAVY} & sys.modules.keys()))
"""
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stdout.endswith("imported: []\n"), result.stderr


def test_help_lists_all_commands() -> None:
    output = CliRunner().invoke(app, ["--help"]).output
    assert all(f"│ {name} " in output for name in Commands.lazy_commands)


@pytest.mark.parametrize("name", Commands.lazy_commands)
def test_listed_help_is_the_help_of_the_command(name: str) -> None:
    command: Any = typer.main.get_command(app)
    assert command.get_command(None, name).help.startswith(Commands.lazy_commands[name].help)


def test_a_mistyped_command_gets_a_suggestion() -> None:
    assert "Did you mean 'models'?" in CliRunner().invoke(app, ["modles"]).output
