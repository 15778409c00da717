"""``openfrs migrate-store``: from a data directory to a database that nodes share."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from openfrs.core.errors import OperatorError

from .options import settings_of
from .progress import tracked

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
    """Move a data directory into PostgreSQL. Its server may run: it reads on, and refuses to write from now on.

    Broken off, run it again: it goes on where it was.
    """
    from openfrs.operations.transfer.to_postgresql import migrate_store as run

    settings = settings_of()
    here = settings.model_copy(
        update={"database": None, "data": settings.data if source is None else _directory(source)}
    )
    there = settings if target is None else settings.model_copy(update={"database": SecretStr(target)})

    def wait() -> None:
        print(
            f"Everything is in the database: start nodes on it, then stop the server on {here.data}.",
            file=sys.stderr,
            flush=True,
        )

    with tracked() as track:
        faces = run(here, there, track, wait)
    print(
        f"{faces} faces, and all that belongs to them, are in the database. The file openfrs.db is openfrs.db.moved now."
    )


def _directory(source: str) -> Path:
    if not source.startswith(_SQLITE):
        raise OperatorError("--from is the data directory, as sqlite:DIRECTORY")
    path = Path(source.removeprefix(_SQLITE).removeprefix("//") or ".")
    return path.parent if path.name == "openfrs.db" else path
