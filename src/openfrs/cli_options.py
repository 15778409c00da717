"""Options that several commands have."""

from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from .errors import OperatorError
from .settings import Settings

Data = Annotated[Path | None, typer.Option(help="Directory of everything durable.", show_default="./data")]
Models = Annotated[Path | None, typer.Option(help="Directory of the model weights.", show_default="user cache")]
Project = Annotated[str | None, typer.Option(help="Id of the project.", show_default="the first account's")]


def settings_of(**options: Any) -> Settings:
    """The settings, with the options that were given in place of others.

    Raises:
        OperatorError: one of them is not what it must be.
    """
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise OperatorError(f"setting {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (OSError, TOMLDecodeError) as error:
        raise OperatorError(f"the file that OPENFRS_CONFIG names cannot be read: {error}") from error
