"""``openfrs sets``: face sets of a project. The server may run."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from openfrs.operations.maintenance.face_sets import create_face_set, delete_face_set, list_face_sets

from .options import Data, Fields, Json, Project, field_definitions, settings_of, show_json

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the face set.")]


@app.command("list")
def list_sets(project: Project = None, as_json: Json = False, data: Data = None) -> None:
    """List the face sets with their sizes and custom fields."""
    face_sets = list_face_sets(settings_of(data=data), project)
    if as_json:
        show_json(
            [
                {
                    "face_set_name": each.name,
                    "face_set_id": each.public_id,
                    "face_number": each.face_number,
                    "face_set_capacity": each.capacity,
                    "external_fields": each.fields,
                    "created_at": f"{each.created_at:%Y-%m-%dT%H:%M:%SZ}",
                }
                for each in face_sets
            ]
        )
        return
    table = Table("face set", Column("faces", justify="right"), Column("capacity", justify="right"), "custom fields")
    for each in face_sets:
        fields = ", ".join(f"{name}: {definition.get('type', 'string')}" for name, definition in each.fields.items())
        table.add_row(each.name, str(each.face_number), str(each.capacity), fields)
    Console().print(table)


@app.command()
def create(
    name: Name,
    fields: Fields = "{}",
    capacity: Annotated[int | None, typer.Option(help="Maximum number of faces.", show_default="100000")] = None,
    project: Project = None,
    data: Data = None,
) -> None:
    """Create an empty face set."""
    face_set = create_face_set(
        settings_of(data=data), project, name, capacity=capacity, fields=field_definitions(fields)
    )
    print(f"Created face set {face_set.name} with ID {face_set.public_id} for {face_set.capacity} faces.")


@app.command()
def delete(
    name: Name,
    project: Project = None,
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete a face set and all its faces."""
    if not yes:
        typer.confirm(f"Permanently delete face set {name} with all its faces?", abort=True)
    count = delete_face_set(settings_of(data=data), project, name)
    print(f"Deleted face set {name} with {count} faces.")
