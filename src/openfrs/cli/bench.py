"""``openfrs bench``."""

from pathlib import Path
from typing import Annotated

import typer

from openfrs.evaluation.benchmark import run

from .options import Models, settings_of


def bench(
    models: Models = None,
    seconds: Annotated[float, typer.Option(help="Duration of each measurement.", min=0.1)] = 3.0,
    gallery: Annotated[bool, typer.Option("--gallery", help="Measure search and storage only.")] = False,
    faces: Annotated[
        int, typer.Option(help="Faces in a face set; one face set has ten times as many.", min=100)
    ] = 100_000,
    file: Annotated[Path | None, typer.Option("--json", help="File for the results.")] = None,
) -> None:
    """Measure the performance of this machine. Covers image processing, API requests, search and storage."""
    run(settings_of(models=models), seconds, gallery_only=gallery, faces=faces, file=file)
