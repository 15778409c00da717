"""``openfrs templates``: encryption of the templates in the database."""

from pathlib import Path
from typing import Annotated

import typer

from openfrs.operations.maintenance import keys

from .options import Data, settings_of
from .progress import count_items

app = typer.Typer(no_args_is_help=True)


@app.command()
def encrypt(data: Data = None) -> None:
    """Encrypt plain templates with the configured master key. Stop the server first."""
    with count_items("templates encrypted") as advance:
        keys.encrypt_templates(settings_of(data=data), advance)


@app.command()
def rotate_project_keys(data: Data = None) -> None:
    """Encrypt all templates again, with a new key for each project. Stop the server first."""
    with count_items("templates encrypted again") as advance:
        keys.rotate_project_keys(settings_of(data=data), advance)


@app.command()
def rotate_master_key(
    new_key_file: Annotated[Path, typer.Argument(help="File with the new master key: 32 random bytes in base64.")],
    data: Data = None,
) -> None:
    """Encrypt the project keys with a new master key. Stop the server first."""
    count = keys.rotate_master_key(settings_of(data=data), new_key_file)
    print(f"The keys of {count} projects are encrypted with the new master key; use {new_key_file} from now on.")


@app.command()
def erase_project(
    project: Annotated[str, typer.Argument(help="Name or ID of the project, or DOMAIN/NAME.")],
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Destroy the key of a project's templates and delete its face sets. Stop the server first."""
    if not yes:
        typer.confirm(f"Permanently delete all face sets of project {project}?", abort=True)
    print(f"Deleted {keys.erase_project(settings_of(data=data), project)} face sets and the project's key.")


@app.command()
def scrub(data: Data = None) -> None:
    """Rewrite the database without the remains of deleted templates. Stop the server first."""
    keys.scrub(settings_of(data=data))
    print("The database was rewritten; it holds no deleted templates.")
