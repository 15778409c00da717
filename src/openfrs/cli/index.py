"""``openfrs index``: the index of face sets on a Milvus server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .options import Data, Project, settings_of

app = typer.Typer(help="The index of face sets on a Milvus server.", no_args_is_help=True)

FaceSetName = Annotated[
    str | None, typer.Option("--set", help="Name of one face set.", show_default="those of all projects")
]


@app.command("rebuild")
def rebuild(face_set: FaceSetName = None, project: Project = None, data: Data = None) -> None:
    """Copy face sets to Milvus anew, from the database. They are searched in their old copies until then; servers may run."""
    from openfrs.operations.maintenance.index import rebuild_index

    with _progress() as track:
        count = rebuild_index(settings_of(data=data), face_set, project, track)
    print(f"{count} face sets are copied anew.")


@app.command("verify")
def verify(face_set: FaceSetName = None, project: Project = None, data: Data = None) -> None:
    """Hold what Milvus has against the database; fails if a face lacks, or one is there that should not. Servers may run."""
    from openfrs.operations.maintenance.index import verify_index

    faces, wrong = 0, 0
    for each, found in verify_index(settings_of(data=data), face_set, project):
        faces += found.faces
        if found.missing or found.unexpected:
            wrong += 1
            print(
                f"project {each.project_id}, face set {each.name}: of {found.faces} faces {found.missing} lack, "
                f"{found.unexpected} are there that should not be; openfrs index rebuild --set {each.name}"
            )
    print(f"{faces} faces looked for; {wrong} face sets are not as they should be.")
    if wrong:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """What is told of each face set and how many faces it has, and gives what is told of faces done."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def track(name: str, faces: int) -> Callable[[int], None]:
            task = progress.add_task(name, total=faces)
            return lambda done: progress.advance(task, done)

        yield track
