"""``openfrs config``: what is set, and where."""

import sys
from typing import Annotated

import typer

from openfrs.core.config_sources import unknown_variables

from .options import Bootstrap, Data, Host, Models, Port, TlsCertificate, TlsKey, Workers, configuration_of

app = typer.Typer(help="The settings in force.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Keep ``show`` a word of its own."""


@app.command()
def show(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    models: Models = None,
    workers: Workers = None,
    bootstrap: Bootstrap = None,
    tls_certificate: TlsCertificate = None,
    tls_key: TlsKey = None,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out what is as it is by default.")] = False,
) -> None:
    """Show every setting as a TOML file, with where it is set; secrets are masked. Takes the options of serve."""
    configuration = configuration_of(
        data=data,
        host=host,
        port=port,
        models=models,
        workers=workers,
        bootstrap=bootstrap,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
    )
    for value in configuration.values():
        if changed and value.origin == "default":
            continue
        commented = "" if value.text and not value.masked else "# "
        print(f"{commented}{value.name} = {value.text}".rstrip().ljust(60), "#", value.origin)
    for line in unknown_variables():
        print(f"openfrs: {line}", file=sys.stderr)
