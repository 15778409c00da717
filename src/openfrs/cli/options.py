"""Options that several commands share."""

import json
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from openfrs.core.config_sources import Configuration
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Data directory.", show_default="./data")]
Models = Annotated[Path | None, typer.Option(help="Directory of the model weights.", show_default="user cache")]
Project = Annotated[
    str | None, typer.Option(help="Project: its ID, name, or DOMAIN/NAME.", show_default="the first account's")
]

Fields = Annotated[
    str,
    typer.Option(
        metavar="JSON", help='Custom fields of a face set that is created, such as {"age": {"type": "integer"}}.'
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_SERVE_OPTIONS = {
    "data": Data,
    "host": Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")],
    "port": Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8080")],
    "models": Models,
    "workers": Annotated[int | None, typer.Option(help="Number of server processes.", show_default="1")],
    "bootstrap": Annotated[bool | None, typer.Option(help="Create a first account if there is none.")],
    "tls_certificate": Annotated[Path | None, typer.Option(help="Certificate for HTTPS, PEM.")],
    "tls_key": Annotated[Path | None, typer.Option(help="Private key of the certificate, PEM.")],
}


def with_serve_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of ``openfrs serve`` to a command, which receives their :class:`Configuration` as first argument."""

    def run(**options: Any) -> None:
        configuration = configuration_of(**{name: options.pop(name) for name in _SERVE_OPTIONS})
        command(configuration, **options)

    _, *others = signature(command).parameters.values()
    parameters = [
        *(
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
            for name, kind in _SERVE_OPTIONS.items()
        ),
        *(parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in others),
    ]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # which Typer reads
    return run


def configuration_of(**options: Any) -> Configuration:
    """Return the settings and their origins; an option that is not None overrides the other sources.

    Raises:
        OperatorError: A setting is invalid.
    """
    return Configuration.read({name: value for name, value in options.items() if value is not None})


def settings_of(**options: Any) -> Settings:
    """Return the settings of :func:`configuration_of`."""
    return configuration_of(**options).settings


def field_definitions(text: str) -> dict[str, Any]:
    """Parse the definitions of custom fields.

    Raises:
        OperatorError: The text is not a JSON object.
    """
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise OperatorError('--fields must be a JSON object such as {"age": {"type": "integer"}}')
    return fields


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
