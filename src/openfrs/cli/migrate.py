"""``openfrs migrate-store``."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from openfrs.core.errors import OperatorError
from openfrs.operations.transfer import to_postgresql
from openfrs.store.data_directory import DataDirectory

from .options import settings_of
from .progress import track_items

_SQLITE = "sqlite:"


def migrate_store(
    source: Annotated[
        str | None,
        typer.Option("--from", help="sqlite:DIRECTORY, a data directory.", show_default="that of the settings"),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--to", help="URL of an empty PostgreSQL database.", show_default="OPENFRS_DATABASE"),
    ] = None,
) -> None:
    """Move a data directory to PostgreSQL. Its server may run; it becomes read-only.

    If the command is interrupted, run it again: it resumes.
    """
    settings = settings_of()
    source_settings = settings.model_copy(
        update={"database": None, "data": settings.data if source is None else _directory(source)}
    )
    target_settings = settings if target is None else settings.model_copy(update={"database": SecretStr(target)})

    def wait() -> None:
        print(
            f"The copy is complete: start nodes on the database, then stop the server on {source_settings.data}.",
            file=sys.stderr,
            flush=True,
        )

    with track_items() as track:
        faces = to_postgresql.migrate_store(source_settings, target_settings, track, wait)
    file = DataDirectory(source_settings.data).database.name
    print(f"Moved {faces} faces and all other data to the database. {file} is renamed to {file}.moved.")


def _directory(source: str) -> Path:
    if not source.startswith(_SQLITE):
        raise OperatorError(f"--from {source} is not a data directory; write sqlite:DIRECTORY")
    path = Path(source.removeprefix(_SQLITE).removeprefix("//") or ".")
    return path.parent if path == DataDirectory(path.parent).database else path
