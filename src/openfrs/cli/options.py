"""Options that several commands have."""

from pathlib import Path
from typing import Annotated, Any

import typer

from openfrs.core.config_sources import Configuration
from openfrs.core.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Directory of everything durable.", show_default="./data")]
Models = Annotated[Path | None, typer.Option(help="Directory of the model weights.", show_default="user cache")]
Project = Annotated[str | None, typer.Option(help="Id of the project.", show_default="the first account's")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8080")]
Workers = Annotated[int | None, typer.Option(help="Server processes.", show_default="1")]
Bootstrap = Annotated[bool | None, typer.Option(help="Create a first account where there is none.")]
TlsCertificate = Annotated[Path | None, typer.Option(help="Certificate to serve HTTPS with, PEM.")]
TlsKey = Annotated[Path | None, typer.Option(help="Its private key, PEM.")]


def configuration_of(**options: Any) -> Configuration:
    """The settings and their origins, with the options that were given in place of others.

    Raises:
        OperatorError: one of them is not what it must be.
    """
    return Configuration.read({name: value for name, value in options.items() if value is not None})


def settings_of(**options: Any) -> Settings:
    """As :func:`configuration_of`, the settings alone."""
    return configuration_of(**options).settings
