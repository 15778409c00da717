"""Import of images to a face set on this machine: concurrent, with a report line for each image."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from anyio import to_thread

from openfrs.accounts.audit.commands import record_command
from openfrs.core import limits
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.faces.imports.images import ImageImport, ImportOptions
from openfrs.faces.imports.items import Item, SourceError
from openfrs.faces.imports.report import Line, Outcome, Tally
from openfrs.media.decoding.header import JPEG_SIGNATURE, read_size
from openfrs.media.decoding.pixels import reduce_jpeg
from openfrs.operations.lookup import project_or_first
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory, DataInUseError
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.index.columns import FieldType
from openfrs.store.opening import opened_database, require_data
from openfrs.vision.loading import load_models
from openfrs.vision.pipeline import Pipeline

_READ_AHEAD: Final = 4
"""Images read in advance, so that no thread waits for the disk."""

_MAX_PHOTO_PIXELS: Final = 128_000_000
"""Of a photo that is reduced. One is at a time: the decoder of a progressive JPEG keeps all its coefficients in memory."""


@dataclass(frozen=True, slots=True)
class Importing:
    """The target of an import and its options."""

    set_name: str
    project: str | None = None
    options: ImportOptions = field(default_factory=ImportOptions)
    create: Mapping[str, Any] | None = None
    """Custom fields of the face set, which is created if it does not exist. None does not create it."""

    def fields_of_new_set(self) -> dict[str, Any]:
        """Return the custom fields of a face set that is created: it keeps the names of people, if it has room for the field."""
        given = dict(self.create or {})
        name_field = self.options.name_field
        has_room = name_field in given or len(given) < limits.MAX_CUSTOM_FIELDS
        return {name_field: {"type": FieldType.STRING.value}, **given} if has_room else given


def import_images(
    settings: Settings,
    items: Iterable[Item],
    job: Importing,
    report: Callable[[Line], None],
    *,
    load_pipeline: Callable[[Settings], Pipeline] = load_models,
) -> Tally:
    """Import images to a face set while no server runs; ``report`` receives the line of each image when it is done.

    An interrupted import resumes, as :class:`~openfrs.faces.imports.images.ImageImport` documents it.

    Raises:
        OperatorError: The data directory or the source cannot be used.
        ServiceError: The face set does not exist, or uses another embedder.
    """
    with _services(settings, load_pipeline, job) as (services, project_id), ExitStack() as stack:
        if job.create is not None and _create(services, settings, project_id, job) and job.options.dry:
            stack.callback(services.face_sets.delete, project_id, job.set_name)
        face_set = services.face_sets.require_usable(project_id, job.set_name)
        images = ImageImport(services.faces, project_id, face_set, job.options, PhotoReducer())
        tally = run_import(items, images.one, report, settings.threads + _READ_AHEAD)
        if not job.options.dry:
            counts = {outcome.value: tally.outcomes[outcome] for outcome in Outcome}
            details: dict[str, str | int] = {"face_set": job.set_name, "faces": tally.faces, **counts}
            record_command(services.audit, "import", "import", details=details, projects=[project_id])
        return tally


def run_import(
    items: Iterable[Item], import_one: Callable[[Item], Awaitable[Line]], report: Callable[[Line], None], parallel: int
) -> Tally:
    """Import all items, with at most ``parallel`` images in memory, and count the results."""
    tally, remaining = Tally(), iter(items)

    async def work(next_item: asyncio.Lock) -> None:
        while True:
            async with next_item:
                item = await to_thread.run_sync(next, remaining, None)
            if item is None:
                return
            line = await import_one(item)
            tally.count(line)
            report(line)

    async def work_together() -> None:
        next_item = asyncio.Lock()
        async with asyncio.TaskGroup() as group:
            for _ in range(parallel):
                group.create_task(work(next_item))

    try:
        asyncio.run(work_together())
    except BaseExceptionGroup as group:
        raise _first_error(group) from None
    return tally


class PhotoReducer:
    """Reduces photos above the limits of the API; other images are rejected or accepted by it."""

    def __init__(self) -> None:
        self._reducing = Lock()

    def __call__(self, data: bytes) -> bytes:
        """Return an image within the limits, or as it is.

        Raises:
            SourceError: The photo is too large to be decoded, or damaged.
        """
        width, height = read_size(data)
        too_large = max(width, height) > limits.MAX_IMAGE_SIDE or len(data) > limits.MAX_IMAGE_BYTES
        if not too_large or not data.startswith(JPEG_SIGNATURE):
            return data
        if width * height > _MAX_PHOTO_PIXELS:
            raise SourceError(f"the photo has {width} x {height} pixels; at most {_MAX_PHOTO_PIXELS} are decoded")
        with self._reducing:
            try:
                return reduce_jpeg(data, max_side=limits.MAX_IMAGE_SIDE, max_bytes=limits.MAX_IMAGE_BYTES)
            except ValueError:
                raise SourceError("the photo is damaged") from None


def _create(services: Services, settings: Settings, project_id: str, job: Importing) -> bool:
    """Create the face set and return True; or add its custom fields while it has no faces, except in a dry run."""
    fields = job.fields_of_new_set()
    face_set = services.face_sets.find(project_id, job.set_name).face_set
    if face_set is not None:
        if not job.options.dry:
            services.face_sets.declare(face_set, (job.create or {}) if face_set.face_number else fields)
        return False
    services.face_sets.create(
        project_id,
        job.set_name,
        settings.max_face_set_capacity,
        fields,
        limit=settings.max_face_sets,
        max_capacity=settings.max_face_set_capacity,
    )
    return True


@contextmanager
def _services(
    settings: Settings, load_pipeline: Callable[[Settings], Pipeline], job: Importing
) -> Iterator[tuple[Services, str]]:
    """Open the services while no server runs; yield them with the id of the project."""
    require_data(settings)
    with ExitStack() as stack:
        try:
            stack.enter_context(DataDirectory(settings.data).lock())
        except DataInUseError as error:
            raise OperatorError(
                f"{error}; stop the server, or import over its API with --server URL --key-file FILE"
            ) from None
        with opened_database(settings) as database:
            project_id = project_or_first(settings, database, job.project)  # before models are loaded
        queues = {"queue": _READ_AHEAD, "large_queue": _READ_AHEAD}  # long enough for all images in memory
        services = Services.open(settings.model_copy(update=queues), load_pipeline(settings))
        stack.callback(services.close)
        yield services, project_id


def _first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that stopped the import, for the operator."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, StoreUnavailableError):
        return OperatorError(f"the database cannot be used: {error}")
    return error
