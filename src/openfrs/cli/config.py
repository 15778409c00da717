"""``openfrs config``: the settings and their origins."""

import sys
from typing import Annotated

import typer

from openfrs.core.config_sources import Configuration, unknown_variables

from .options import with_serve_options

app = typer.Typer(no_args_is_help=True)


@app.callback()
def config() -> None:
    """Keep ``show`` a subcommand although it is the only one."""


@app.command()
@with_serve_options
def show(
    configuration: Configuration,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out settings with their default value.")] = False,
) -> None:
    """Show each setting as TOML, with its origin; secrets are masked. Accepts the options of serve."""
    for value in configuration.values():
        if changed and value.origin == "default":
            continue
        prefix = "" if value.text and not value.masked else "# "
        print(f"{prefix}{value.name} = {value.text}".rstrip().ljust(60), "#", value.origin)
    for line in unknown_variables():
        print(f"openfrs: {line}", file=sys.stderr)
