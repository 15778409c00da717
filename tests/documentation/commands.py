"""Command lines in the pages, parsed as the program parses them."""

import typer

from openfrs.cli.main import app


def taken(words: list[str]) -> None:
    """Raises ``click.UsageError`` where the program would."""
    command, name = typer.main.get_command(app), "openfrs"
    while hasattr(command, "commands"):
        name = words.pop(0)
        assert name in command.commands, name
        command = command.commands[name]
    with command.make_context(name, words):
        pass
