"""Importing pictures into a face set: in parallel, each at most once, with a report of every one."""

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

_WAITING: Final = 4
"""Pictures read ahead, beside those worked on: so that no thread waits for the disk."""


class Outcome(StrEnum):
    """What became of a picture."""

    ADDED = "added"
    PRESENT = "present"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """A picture's line of the report. On a dry run ``faces`` would be added, and there are no ids."""

    file: str
    outcome: Outcome
    external_image_id: str | None = None
    face_ids: Sequence[str] = ()
    faces: int = 0
    reason: str | None = None

    def as_json(self) -> str:
        """The line as the report's file has it."""
        values: dict[str, Any] = {"file": self.file, "outcome": self.outcome}
        values |= {"external_image_id": self.external_image_id}
        values |= {"faces": self.faces, "face_ids": list(self.face_ids), "reason": self.reason}
        return json.dumps({name: value for name, value in values.items() if value is not None}, ensure_ascii=False)


@dataclass
class Tally:
    """How many pictures were added, present or refused, and how many faces were added."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    faces: int = 0

    def count(self, line: Line) -> None:
        """Take a picture in."""
        self.outcomes[line.outcome] += 1
        self.faces += line.faces


@dataclass(frozen=True, slots=True)
class Importing:
    """What is imported where. ``single`` takes only the main face of a picture; a ``dry`` run writes nothing."""

    set_name: str
    project_id: str | None = None
    single: bool = True
    dry: bool = False
    create: Mapping[str, Any] | None = None
    """The custom fields of the face set to make if there is none of the name; None to make none."""


def import_images(
    settings: Settings,
    items: Iterable[Item],
    what: Importing,
    tell: Callable[[Line], None],
    *,
    load_pipeline: Callable[[Settings], Pipeline] = load_models,
) -> Tally:
    """Import pictures into a face set of a data directory that no server uses; ``tell`` is given the line of each when it is done.

    Whatever stops it, run again it takes up where it was: a picture's faces have ids that follow from the set, its name and its
    bytes, and are written in one transaction, so a picture is never imported twice and never by half.

    Raises:
        OperatorError: the data directory, the source or the set cannot be used.
        ServiceError: there is no such set, or it is of another embedder.
    """
    with _services(settings, load_pipeline) as services:
        project_id = project_or_first(settings, what.project_id)
        if what.create is not None:
            _create(services, settings, project_id, what)
        face_set = services.face_sets.require_usable(project_id, what.set_name)
        run = _Run(services, project_id, face_set, what, tell)
        try:
            tally = asyncio.run(run.all(items, settings.threads + _WAITING))
        except BaseExceptionGroup as group:
            raise _first(group) from None
        if not what.dry:
            counts = {outcome.value: tally.outcomes[outcome] for outcome in Outcome}
            services.audit.record("import", project=project_id, face_set=what.set_name, faces=tally.faces, **counts)
        return tally


class _Run:
    def __init__(
        self,
        services: Services,
        project_id: str,
        face_set: FaceSet,
        what: Importing,
        tell: Callable[[Line], None],
    ) -> None:
        self._services = services
        self._project_id = project_id
        self._face_set = face_set
        self._what = what
        self._tell = tell
        self._tally = Tally()
        self._dry_run = DryRun()

    async def all(self, items: Iterable[Item], at_once: int) -> Tally:
        """Import everything; so many pictures are in memory at the same time."""
        todo = iter(items)
        taking = asyncio.Lock()

        async def work() -> None:
            while True:
                async with taking:
                    item = await to_thread.run_sync(next, todo, None)
                if item is None:
                    return
                line = await self._one(item)
                self._tally.count(line)
                self._tell(line)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
        return self._tally

    async def _one(self, item: Item) -> Line:
        try:
            return await self._imported(item)
        except IdTakenError:
            return Line(item.name, Outcome.PRESENT, item.external_image_id)
        except ServiceError as error:
            reason = error.message
        except SourceError as error:
            reason = str(error)
        except OSError as error:
            reason = error.strerror or "it cannot be read"
        return Line(item.name, Outcome.REFUSED, item.external_image_id, reason=reason)

    async def _imported(self, item: Item) -> Line:
        data = await to_thread.run_sync(item.read)
        ids = ImportedIds(self._face_set.public_id, item.name, data)
        faces, path = self._services.faces, (self._project_id, self._what.set_name)
        if await to_thread.run_sync(faces.exists, self._face_set, ids(1)[0]):
            raise IdTakenError
        values = item.fields if item.typed else parse_values(item.fields, self._face_set.fields)
        options: dict[str, Any] = {
            "external_image_id": item.external_image_id,
            "fields": values,
            "single": self._what.single,
        }
        image = EncodedImage(data, "picture")
        if self._what.dry:
            count = await faces.dry_run(*path, image, **options, dry_run=self._dry_run)
            return Line(item.name, Outcome.ADDED, item.external_image_id, faces=count)
        _, added = await faces.add(*path, image, **options, new_ids=ids)
        face_ids = [face.face_id for face in added]
        return Line(item.name, Outcome.ADDED, added[0].external_image_id, face_ids, len(added))


class ImportedIds:
    """The ids of a picture's faces: the same for the same set, name and bytes, as good as random for any others."""

    def __init__(self, set_public_id: str, name: str, data: bytes) -> None:
        self._key = hashlib.sha256(b"\0".join([set_public_id.encode(), name.encode(), hashlib.sha256(data).digest()]))

    def __call__(self, count: int) -> list[str]:
        """The ids of so many faces, largest first."""
        return [self._nth(place) for place in range(count)]

    def _nth(self, place: int) -> str:
        key = self._key.copy()
        key.update(b"/%d" % place)
        number, result = int.from_bytes(key.digest()), ""
        for _ in range(limits.PUBLIC_ID_LENGTH):
            number, digit = divmod(number, len(ALPHABET))
            result += ALPHABET[digit]
        return result


def _create(services: Services, settings: Settings, project_id: str, what: Importing) -> None:
    if any(face_set.name == what.set_name for face_set in services.face_sets.list_all(project_id)):
        return
    services.face_sets.create(
        project_id,
        what.set_name,
        settings.max_face_set_capacity,
        what.create or {},
        limit=settings.max_face_sets,
        max_capacity=settings.max_face_set_capacity,
    )


@contextmanager
def _services(settings: Settings, load_pipeline: Callable[[Settings], Pipeline]) -> Iterator[Services]:
    require_data(settings)
    with DataDirectory(settings.data).lock():
        room = {"queue": _WAITING, "large_queue": _WAITING}  # nothing is refused for want of it
        services = Services.open(settings.model_copy(update=room), load_pipeline(settings))
        try:
            yield services
        finally:
            services.close()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What stopped the run, as the operator is told it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, StoreUnavailableError):
        return OperatorError(f"the database cannot be used: {error}")
    return error
