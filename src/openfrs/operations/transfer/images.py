"""Import of images to a face set: concurrent, idempotent, with a report line for each image."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from anyio import to_thread

from openfrs.core import limits
from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.settings import Settings
from openfrs.faces.dry_run import DryRun
from openfrs.faces.fields import ALPHABET, parse_values
from openfrs.media.decoding.image import EncodedImage
from openfrs.operations.lookup import project_or_first
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces.models import FaceSet, IdTakenError
from openfrs.store.opening import require_data
from openfrs.vision.loading import load_models
from openfrs.vision.pipeline import Pipeline

from .sources import Item, SourceError

_READ_AHEAD: Final = 4
"""Images read in advance, so that no thread waits for the disk."""


class Outcome(StrEnum):
    """The result of an image."""

    ADDED = "added"
    PRESENT = "present"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """The report line of an image. In a dry run ``faces`` counts the faces that would be added, and there are no ids."""

    file: str
    outcome: Outcome
    external_image_id: str | None = None
    face_ids: Sequence[str] = ()
    faces: int = 0
    reason: str | None = None

    def as_json(self) -> str:
        """Return the line of the report file."""
        values: dict[str, Any] = {"file": self.file, "outcome": self.outcome}
        values |= {"external_image_id": self.external_image_id}
        values |= {"faces": self.faces, "face_ids": list(self.face_ids), "reason": self.reason}
        return json.dumps({name: value for name, value in values.items() if value is not None}, ensure_ascii=False)


@dataclass
class Tally:
    """Counts of the images by outcome, and of the faces added."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    faces: int = 0

    def count(self, line: Line) -> None:
        """Add the line of an image."""
        self.outcomes[line.outcome] += 1
        self.faces += line.faces


@dataclass(frozen=True, slots=True)
class Importing:
    """The target of an import and its options. ``single`` enrols only the main face of an image; a ``dry`` run writes nothing."""

    set_name: str
    project_id: str | None = None
    single: bool = True
    dry: bool = False
    create: Mapping[str, Any] | None = None
    """Custom fields of the face set, which is created if it does not exist. None does not create it."""


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
    with _services(settings, load_pipeline) as services:
        project_id = project_or_first(settings, job.project_id)
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
            services.audit.record("import", project=project_id, face_set=job.set_name, faces=tally.faces, **counts)
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
        try:
            return await self._enrol(item)
        except IdTakenError:
            return Line(item.name, Outcome.PRESENT, item.external_image_id)
        except ServiceError as error:
            reason = error.message
        except SourceError as error:
            reason = str(error)
        except OSError as error:
            reason = error.strerror or "the file cannot be read"
        return Line(item.name, Outcome.REFUSED, item.external_image_id, reason=reason)

    async def _enrol(self, item: Item) -> Line:
        data = await to_thread.run_sync(item.read)
        ids = ImportedIds(self._face_set.public_id, item.name, data)
        faces, path = self._services.faces, (self._project_id, self._job.set_name)
        if await to_thread.run_sync(faces.exists, self._face_set, ids(1)[0]):
            raise IdTakenError
        values = item.fields if item.typed else parse_values(item.fields, self._face_set.fields)
        options: dict[str, Any] = {
            "external_image_id": item.external_image_id,
            "fields": values,
            "single": self._job.single,
        }
        image = EncodedImage(data, "image")
        if self._job.dry:
            count = await faces.dry_run(*path, image, **options, dry_run=self._dry_run)
            return Line(item.name, Outcome.ADDED, item.external_image_id, faces=count)
        _, added = await faces.add(*path, image, **options, new_ids=ids)
        face_ids = [face.face_id for face in added]
        return Line(item.name, Outcome.ADDED, added[0].external_image_id, face_ids, len(added))


class ImportedIds:
    """Reproducible ids for the faces of an image: the SHA-256 of face set, name and bytes selects them."""

    def __init__(self, set_public_id: str, name: str, data: bytes) -> None:
        self._key = hashlib.sha256(b"\0".join([set_public_id.encode(), name.encode(), hashlib.sha256(data).digest()]))

    def __call__(self, count: int) -> list[str]:
        """Return the ids of ``count`` faces, largest face first."""
        return [self._nth(index) for index in range(count)]

    def _nth(self, index: int) -> str:
        key = self._key.copy()
        key.update(b"/%d" % index)
        number, result = int.from_bytes(key.digest()), ""
        for _ in range(limits.PUBLIC_ID_LENGTH):
            number, digit = divmod(number, len(ALPHABET))
            result += ALPHABET[digit]
        return result


def _create(services: Services, settings: Settings, project_id: str, job: Importing) -> None:
    if any(face_set.name == job.set_name for face_set in services.face_sets.list_all(project_id)):
        return
    services.face_sets.create(
        project_id,
        job.set_name,
        settings.max_face_set_capacity,
        job.create or {},
        limit=settings.max_face_sets,
        max_capacity=settings.max_face_set_capacity,
    )


@contextmanager
def _services(settings: Settings, load_pipeline: Callable[[Settings], Pipeline]) -> Iterator[Services]:
    require_data(settings)
    with DataDirectory(settings.data).lock():
        queues = {"queue": _READ_AHEAD, "large_queue": _READ_AHEAD}  # long enough for all images in memory
        services = Services.open(settings.model_copy(update=queues), load_pipeline(settings))
        try:
            yield services
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
