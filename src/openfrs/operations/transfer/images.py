"""Import of images to a face set: concurrent, idempotent, with a report line for each image."""

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from threading import Lock
from typing import Any, Final

from anyio import to_thread

from openfrs.accounts.audit.commands import record_command
from openfrs.core import limits
from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.settings import Settings
from openfrs.faces.dry_run import DryRun
from openfrs.faces.fields import ALPHABET
from openfrs.media.decoding.header import JPEG_SIGNATURE, read_size
from openfrs.media.decoding.image import EncodedImage
from openfrs.media.decoding.pixels import reduce_jpeg
from openfrs.operations.lookup import project_or_first
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces.models import Face, FaceSet, IdTakenError
from openfrs.store.index.columns import FieldType
from openfrs.store.opening import opened_database, require_data
from openfrs.vision.loading import load_models
from openfrs.vision.pipeline import Pipeline

from .files import SourceError
from .labels import Label, Labels
from .report import Line, Outcome, Tally
from .sources import Item

_READ_AHEAD: Final = 4
"""Images read in advance, so that no thread waits for the disk."""

_MAX_PHOTO_PIXELS: Final = 128_000_000
"""Of a photo that is reduced. One is at a time: the decoder of a progressive JPEG keeps all its coefficients in memory."""


@dataclass(frozen=True, slots=True)
class Importing:
    """The target of an import and its options.

    ``single`` enrols only the main face of an image; a ``dry`` run writes nothing; ``update`` changes labels of images that were
    imported before.
    """

    set_name: str
    project: str | None = None
    single: bool = True
    dry: bool = False
    create: Mapping[str, Any] | None = None
    """Custom fields of the face set, which is created if it does not exist. None does not create it."""

    update: bool = False
    name_field: str = "name"
    """The custom field that keeps the names of people. A face set that is created has it."""


def import_images(
    settings: Settings,
    items: Iterable[Item],
    job: Importing,
    report: Callable[[Line], None],
    *,
    load_pipeline: Callable[[Settings], Pipeline] = load_models,
) -> Tally:
    """Import images to a face set while no server runs; ``report`` receives the line of each image when it is done.

    An interrupted import resumes: the ids of an image's faces are derived from the face set, the image's name and its bytes, and
    the faces are written in one transaction, so that an image is imported completely and only once.

    Raises:
        OperatorError: The data directory or the source cannot be used.
        ServiceError: The face set does not exist, or uses another embedder.
    """
    with _services(settings, load_pipeline, job.project) as (services, project_id):
        if job.create is not None:
            _create(services, settings, project_id, job)
        face_set = services.face_sets.require_usable(project_id, job.set_name)
        run = _Import(services, project_id, face_set, job, report)
        try:
            tally = asyncio.run(run.all(items, settings.threads + _READ_AHEAD))
        except BaseExceptionGroup as group:
            raise _first_error(group) from None
        if not job.dry:
            counts = {outcome.value: tally.outcomes[outcome] for outcome in Outcome}
            details: dict[str, str | int] = {"face_set": job.set_name, "faces": tally.faces, **counts}
            record_command(services.audit, "import", "import", details=details, projects=[project_id])
        return tally


class _Import:
    def __init__(
        self,
        services: Services,
        project_id: str,
        face_set: FaceSet,
        job: Importing,
        report: Callable[[Line], None],
    ) -> None:
        self._services = services
        self._project_id = project_id
        self._face_set = face_set
        self._job = job
        self._report = report
        self._tally = Tally()
        self._dry_run = DryRun()
        self._labels = Labels(services.faces, face_set, job.name_field)
        self._reducing = Lock()

    async def all(self, items: Iterable[Item], max_concurrent: int) -> Tally:
        """Import all items, with at most ``max_concurrent`` images in memory."""
        remaining = iter(items)
        next_item = asyncio.Lock()

        async def work() -> None:
            while True:
                async with next_item:
                    item = await to_thread.run_sync(next, remaining, None)
                if item is None:
                    return
                line = await self._one(item)
                self._tally.count(line)
                self._report(line)

        async with asyncio.TaskGroup() as group:
            for _ in range(max_concurrent):
                group.create_task(work())
        return self._tally

    async def _one(self, item: Item) -> Line:
        stored: Sequence[Face] = ()
        try:
            data = await to_thread.run_sync(item.read)
            ids = ImportedIds(self._face_set.public_id, item.name, data)
            stored = await to_thread.run_sync(self._stored, ids)
            label = await to_thread.run_sync(self._labels.of, item, stored)
            if not self._labels.is_kept(label):
                self._tally.unnamed += 1
            if stored:
                return await to_thread.run_sync(self._compare, item, label, stored)
            return await self._enrol(item, label, ids, data)
        except (ServiceError, SourceError) as error:
            reason = error.message if isinstance(error, ServiceError) else str(error)
        except OSError as error:
            reason = error.strerror or "the file cannot be read"
        return _line(item, Outcome.REFUSED, stored, reason=reason)

    def _stored(self, ids: "ImportedIds") -> list[Face]:
        """Return the faces of an image that was imported before."""
        found = (self._services.faces.find(self._face_set, face_id) for face_id in ids.unlimited())
        return list(takewhile(lambda face: face is not None, found))  # type: ignore[arg-type]

    def _compare(self, item: Item, label: Label, stored: Sequence[Face]) -> Line:
        """Compare the label of an image with its stored faces, and change theirs if the job says so."""
        if not self._job.update:
            label = self._labels.without_new_name(label, stored)
        changes = {name: change for face in stored for name, change in label.changes_of(face).items()}
        if not changes:
            return _line(item, Outcome.PRESENT, stored)
        reason = "; ".join(f"{name} is {_shown(old)}, not {_shown(new)}" for name, (old, new) in changes.items())
        if not self._job.update:
            return _line(
                item, Outcome.REFUSED, stored, reason=f"conflict: imported before, {reason}; --update changes it"
            )
        values: dict[str, Any] = {"external_image_id": label.external_image_id, "fields": label.fields}
        if not self._job.dry:
            for face in stored:
                self._services.faces.update(self._project_id, self._job.set_name, face.face_id, **values)
        updated = [
            replace(
                face,
                external_image_id=label.external_image_id or face.external_image_id,
                fields={**face.fields, **label.fields},
            )
            for face in stored
        ]
        return _line(item, Outcome.UPDATED, updated, reason=reason.replace(", not ", ", now "))

    async def _enrol(self, item: Item, label: Label, ids: "ImportedIds", data: bytes) -> Line:
        faces, path = self._services.faces, (self._project_id, self._job.set_name)
        options: dict[str, Any] = {
            "external_image_id": label.external_image_id,
            "fields": label.fields,
            "single": self._job.single,
        }
        image = EncodedImage(await to_thread.run_sync(self._within_limits, data), "image")
        if self._job.dry:
            count = await faces.dry_run(*path, image, **options, dry_run=self._dry_run)
            return Line(item.name, Outcome.ADDED, label.external_image_id, faces=count, fields=label.fields)
        try:
            _, added = await faces.add(*path, image, **options, new_ids=ids)
        except IdTakenError:
            raise SourceError("conflict: another face of the set has the id of this image's face") from None
        return replace(_line(item, Outcome.ADDED, added), faces=len(added))

    def _within_limits(self, data: bytes) -> bytes:
        """Reduce a photo above the limits of the API; others are rejected or accepted by it."""
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


def _line(item: Item, outcome: Outcome, stored: Sequence[Face], *, reason: str | None = None) -> Line:
    """Return the report line of an image with these faces in the set."""
    if not stored:
        return Line(item.name, outcome, reason=reason)
    face_ids = [face.face_id for face in stored]
    return Line(item.name, outcome, stored[0].external_image_id, face_ids, reason=reason, fields=stored[0].fields)


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)


class ImportedIds:
    """Reproducible ids for the faces of an image: the SHA-256 of face set, name and bytes selects them."""

    def __init__(self, set_public_id: str, name: str, data: bytes) -> None:
        self._key = hashlib.sha256(b"\0".join([set_public_id.encode(), name.encode(), hashlib.sha256(data).digest()]))

    def __call__(self, count: int) -> list[str]:
        """Return the ids of ``count`` faces, largest face first."""
        return list(islice(self.unlimited(), count))

    def unlimited(self) -> Iterator[str]:
        """Yield the ids of all faces that the image could have."""
        return map(self._nth, itertools.count())

    def _nth(self, index: int) -> str:
        key = self._key.copy()
        key.update(b"/%d" % index)
        number, result = int.from_bytes(key.digest()), ""
        for _ in range(limits.PUBLIC_ID_LENGTH):
            number, digit = divmod(number, len(ALPHABET))
            result += ALPHABET[digit]
        return result


def _create(services: Services, settings: Settings, project_id: str, job: Importing) -> None:
    """Create the face set, or add its custom fields while it has no faces."""
    given = job.create or {}
    has_room = job.name_field in given or len(given) < limits.MAX_CUSTOM_FIELDS
    fields = {job.name_field: {"type": FieldType.STRING.value}, **given} if has_room else given
    face_set = services.face_sets.find(project_id, job.set_name).face_set
    if face_set is not None:
        services.face_sets.declare(face_set, given if face_set.face_number else fields)
        return
    services.face_sets.create(
        project_id,
        job.set_name,
        settings.max_face_set_capacity,
        fields,
        limit=settings.max_face_sets,
        max_capacity=settings.max_face_set_capacity,
    )


@contextmanager
def _services(
    settings: Settings, load_pipeline: Callable[[Settings], Pipeline], project: str | None
) -> Iterator[tuple[Services, str]]:
    """Open the services while no server runs; yield them with the id of the project."""
    require_data(settings)
    with DataDirectory(settings.data).lock():
        with opened_database(settings) as database:
            project_id = project_or_first(settings, database, project)  # before models are loaded
        queues = {"queue": _READ_AHEAD, "large_queue": _READ_AHEAD}  # long enough for all images in memory
        services = Services.open(settings.model_copy(update=queues), load_pipeline(settings))
        try:
            yield services, project_id
        finally:
            services.close()


def _first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that stopped the import, for the operator."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, StoreUnavailableError):
        return OperatorError(f"the database cannot be used: {error}")
    return error
