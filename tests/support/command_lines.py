"""Command lines in the pages, parsed as the program parses them."""

from typing import Any

import typer

from openfrs.cli.main import app


def taken(words: list[str]) -> None:
    """Parse a command line; raises ``click.UsageError`` where the program does."""
    command: Any = typer.main.get_command(app)
    name = "openfrs"
    while hasattr(command, "commands"):
        name = words.pop(0)
        assert name in command.commands, name
        command = command.get_command(None, name)
    with command.make_context(name, words):
        pass
