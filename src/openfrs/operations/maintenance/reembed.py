"""New templates for a face set, computed from its images with the current embedder and alignment. No server may run."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from openfrs.core.errors import OperatorError
from openfrs.core.progress import Track
from openfrs.core.settings import Settings
from openfrs.faces.reembed import MAX_CONCURRENT_IMAGES, Reembedding, reembed_templates
from openfrs.operations.lookup import find_face_set, project_or_first
from openfrs.recognition.recognizer import Recognizer, WorkLimits
from openfrs.recognition.scale import load_scale
from openfrs.recognition.threads import ThreadExecutor
from openfrs.store.faces.bulk import SetChangedError, replace_templates
from openfrs.store.faces.deletions import HeldError
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from openfrs.store.opening import load_master_key
from openfrs.vision.loading import load_models
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import ALIGNMENT

from .exclusive import exclusive_database


def reembed_face_set(
    settings: Settings,
    set_name: str,
    folder: Path,
    *,
    project_id: str | None,
    drop_missing: bool,
    track: Track,
    load_pipeline: Callable[[Settings], Pipeline] = load_models,
) -> Reembedding:
    """Compute the templates of a face set again from a folder of images, each named ``EXTERNAL_IMAGE_ID.SUFFIX``.

    Nothing is changed if faces are missing and ``drop_missing`` is false.

    Raises:
        OperatorError: The face set does not exist, is under legal hold or changes during the run, or the folder, the models or
            the database cannot be used.
    """
    templates = Templates(load_master_key(settings))
    images = _images(folder)
    with exclusive_database(settings) as database:
        with database.read() as connection:
            templates.check(connection)
        repository = FaceRepository(database, templates)
        face_set = find_face_set(repository, project_or_first(settings, database, project_id), set_name)
        pipeline = load_pipeline(settings)
        scale = load_scale(pipeline.embedder_source)
        executor = ThreadExecutor(
            pipeline, threads=settings.threads, queue=MAX_CONCURRENT_IMAGES, large_queue=MAX_CONCURRENT_IMAGES
        )
        recognizer = Recognizer(executor, scale, WorkLimits.from_settings(settings))
        try:
            faces = repository.list_faces(face_set.id, 0, face_set.capacity)
            reembedding = asyncio.run(reembed_templates(recognizer, faces, images, track("faces", len(faces))))
        finally:
            recognizer.close()
        if drop_missing or not reembedding.missing:
            version, vectors = face_set.version, reembedding.templates
            try:
                replace_templates(
                    database,
                    templates,
                    face_set.id,
                    version=version,
                    embedder=pipeline.embedder,
                    alignment=ALIGNMENT,
                    vectors=vectors,
                )
            except SetChangedError:
                raise OperatorError(f"face set {set_name} changed during the run; run the command again") from None
            except HeldError:
                raise OperatorError(
                    f"face set {set_name} is under legal hold; its templates cannot be replaced"
                ) from None
        return reembedding


def _images(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their names without suffix."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise OperatorError(f"cannot read {folder}: {error.strerror}") from error
    images: dict[str, Path] = {}
    for path in files:
        if path.stem in images:
            raise OperatorError(
                f"{images[path.stem]} and {path.name} have the same external_image_id; rename one of them"
            )
        images[path.stem] = path
    return images
