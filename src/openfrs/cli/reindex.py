"""``openfrs reindex``."""

from pathlib import Path
from typing import Annotated

import typer

from openfrs.core.errors import OperatorError
from openfrs.operations.maintenance.reembed import reembed_face_set

from .options import Data, Models, Project, settings_of
from .progress import track_items


def reindex(
    face_set: Annotated[str, typer.Argument(help="Name of the face set.")],
    images: Annotated[Path, typer.Argument(help="Folder of images, each named EXTERNAL_IMAGE_ID.SUFFIX.")],
    project: Project = None,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Delete faces that are not detected in an image.")
    ] = False,
    data: Data = None,
    models: Models = None,
) -> None:
    """Compute the templates of a face set again with the current embedder. Stop the server first."""
    settings = settings_of(data=data, models=models)
    with track_items() as track:
        result = reembed_face_set(
            settings, face_set, images, project_id=project, drop_missing=drop_missing, track=track
        )
    for face in result.without_image:
        print(f"no image: face {face.face_id}, external_image_id {face.external_image_id}")
    for face, reason in result.without_face:
        print(f"no face: face {face.face_id}, external_image_id {face.external_image_id}: {reason}")
    for path in result.unused:
        print(f"unused: {path.name}")
    if result.missing and not drop_missing:
        raise OperatorError(
            f"{len(result.missing)} faces would be lost, so nothing was changed; use --drop-missing to delete them"
        )
    print(f"{len(result.templates)} faces have new templates; {len(result.missing)} faces deleted.")
