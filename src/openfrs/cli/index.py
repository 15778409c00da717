"""``openfrs index``: the face index on a Milvus server."""

from typing import Annotated

import typer

from openfrs.operations.maintenance.index import rebuild_index, verify_index

from .options import Data, Project, settings_of
from .progress import track_items

app = typer.Typer(no_args_is_help=True)

FaceSetName = Annotated[
    str | None, typer.Option("--set", help="Name of one face set.", show_default="those of all projects")
]


@app.command()
def rebuild(face_set: FaceSetName = None, project: Project = None, data: Data = None) -> None:
    """Copy face sets from the database to Milvus again. Servers may run; they search the old copies until then."""
    with track_items() as track:
        count = rebuild_index(settings_of(data=data), face_set, project, track)
    print(f"Rebuilt the index of {count} face sets.")


@app.command()
def verify(face_set: FaceSetName = None, project: Project = None, data: Data = None) -> None:
    """Compare Milvus with the database. Exits 1 if faces are missing or unexpected. Servers may run."""
    faces, failed = 0, 0
    for each, comparison in verify_index(settings_of(data=data), face_set, project):
        faces += comparison.faces
        if comparison.missing or comparison.unexpected:
            failed += 1
            print(
                f"project {each.project_id}, face set {each.name}: {comparison.faces} faces: {comparison.missing} missing, "
                f"{comparison.unexpected} unexpected; run openfrs index rebuild --set {each.name}"
            )
    print(f"Compared {faces} faces; {failed} face sets differ.")
    if failed:
        raise typer.Exit(1)
