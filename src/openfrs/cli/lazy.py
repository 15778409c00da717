"""A command group that imports a command's module only when the command is used, to keep the start-up time short."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """The place of a command: a function, or a ``typer.Typer`` with subcommands."""

    module: str
    attribute: str
    help: str

    def load(self, name: str) -> Any:
        """Import the module and build the command."""
        target: typer.Typer | Callable[..., None] = getattr(import_module(self.module), self.attribute)
        if isinstance(target, typer.Typer):
            group = typer.main.get_group(target)
            group.name, group.help = name, self.help
            return group
        single = typer.Typer(add_completion=False)
        single.command(name)(target)
        return typer.main.get_command(single)


class LazyGroup(TyperGroup):
    """A command group whose subclasses name their commands in ``lazy_commands``."""

    lazy_commands: ClassVar[Mapping[str, LazyCommand]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = {
            name: TyperCommand(name, callback=None, help=command.help) for name, command in self.lazy_commands.items()
        }

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # the signature is Click's
        """Import and return a command, or return None if there is no command of that name."""
        command = self.lazy_commands.get(cmd_name)
        return None if command is None else command.load(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the commands with the help of ``lazy_commands``, without an import of their modules."""
        listing = TyperGroup(
            name=self.name,
            commands=dict(self.commands),
            params=self.params,
            help=self.help,
            rich_markup_mode=self.rich_markup_mode,
        )
        listing.format_help(ctx, formatter)
