"""``openfrs config``: the settings and their origins."""

import sys
from typing import Annotated

import typer

from openfrs.core.config_sources import Configuration, unknown_variables

from .options import Json, show_json, with_serve_options

app = typer.Typer(no_args_is_help=True)


@app.callback()
def config() -> None:
    """Keep ``show`` a subcommand although it is the only one."""


@app.command()
@with_serve_options
def show(
    configuration: Configuration,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out settings with their default value.")] = False,
    as_json: Json = False,
) -> None:
    """Show each setting as TOML, with its origin; secrets are masked. Accepts the options of serve."""
    values = [value for value in configuration.values() if not changed or value.origin != "default"]
    if as_json:
        show_json([{"name": value.name, "toml": value.text, "origin": value.origin} for value in values])
    for value in values if not as_json else ():
        prefix = "" if value.text and not value.masked else "# "
        print(f"{prefix}{value.name} = {value.text}".rstrip().ljust(60), "#", value.origin)
    for line in unknown_variables():
        print(f"openfrs: {line}", file=sys.stderr)
