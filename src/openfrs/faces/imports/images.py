"""The rules of an import: what becomes of one image, given what the face set has of it."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Any, Final

from anyio import to_thread

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.faces.faces import Faces
from openfrs.faces.fields import ALPHABET
from openfrs.media.decoding.image import EncodedImage
from openfrs.store.faces.models import Face, FaceSet, IdTakenError

from .items import Item, SourceError
from .labels import Label, Labels
from .report import Line, Outcome

NAME_FIELD: Final = "name"
"""The custom field that keeps the names of people, unless an import chooses another."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import.

    ``single`` enrols only the main face of an image; a ``dry`` run writes nothing; ``update`` changes labels of images that were
    imported before. ``name_field`` is the custom field that keeps the names of people.
    """

    single: bool = True
    dry: bool = False
    update: bool = False
    name_field: str = NAME_FIELD


class ImageImport:
    """Imports images to a face set; each is enrolled completely and only once, however often it is imported.

    The ids of an image's faces are derived from the face set, the image's name and its bytes, and its faces are written in one
    transaction. ``prepare`` may reduce an image before it is decoded.
    """

    def __init__(
        self,
        faces: Faces,
        project_id: str,
        face_set: FaceSet,
        options: ImportOptions,
        prepare: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._faces = faces
        self._path = (project_id, face_set.name)
        self._face_set = face_set
        self._options = options
        self._prepare = prepare
        self._labels = Labels(faces, face_set, options.name_field)
        self._dry_run = faces.new_dry_run()

    async def one(self, item: Item) -> Line:
        """Import an image and return its report line, also if it is rejected.

        Raises:
            ServiceError: The service has no capacity, or the face set does not exist.
        """
        stored: Sequence[Face] = ()
        try:
            data = await to_thread.run_sync(item.read)
            ids = ImportedIds(self._face_set.public_id, item.name, item.sha256 or hashlib.sha256(data).digest())
            stored = await to_thread.run_sync(self._stored, ids)
            label = await to_thread.run_sync(self._labels.of, item, stored)
            if stored:
                line = await to_thread.run_sync(self._compare, item, label, stored)
            else:
                line = await self._enrol(item, label, ids, data)
            return replace(line, named=self._labels.is_kept(label))
        except (ServiceError, SourceError, OSError) as error:
            return _line(item, Outcome.REFUSED, stored, reason=refusal_of(error))

    async def present(self, item: Item) -> Line | None:
        """Return the report line of an image that was imported before, or None; only its ``sha256`` is needed."""
        assert item.sha256 is not None
        ids = ImportedIds(self._face_set.public_id, item.name, item.sha256)
        return await self.one(item) if await to_thread.run_sync(self._stored, ids) else None

    def _stored(self, ids: "ImportedIds") -> list[Face]:
        """Return the faces of an image that was imported before."""
        found = (self._faces.find(self._face_set, face_id) for face_id in ids.unlimited())
        return list(takewhile(lambda face: face is not None, found))  # type: ignore[arg-type]

    def _compare(self, item: Item, label: Label, stored: Sequence[Face]) -> Line:
        """Compare the label of an image with its stored faces, and change theirs if the options say so."""
        if not self._options.update:
            label = self._labels.without_new_name(label, stored)
        changes = {name: change for face in stored for name, change in label.changes_of(face).items()}
        if not changes:
            return _line(item, Outcome.PRESENT, stored)
        reason = "; ".join(f"{name} is {_shown(old)}, not {_shown(new)}" for name, (old, new) in changes.items())
        if not self._options.update:
            return _line(
                item, Outcome.REFUSED, stored, reason=f"conflict: imported before, {reason}; --update changes it"
            )
        values: dict[str, Any] = {"external_image_id": label.external_image_id, "fields": label.fields}
        if not self._options.dry:
            for face in stored:
                self._faces.update(*self._path, face.face_id, **values)
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
        options: dict[str, Any] = {
            "external_image_id": label.external_image_id,
            "fields": label.fields,
            "single": self._options.single,
        }
        image = EncodedImage(await to_thread.run_sync(self._prepare, data), "image")
        if self._options.dry:
            count = await self._faces.dry_run(*self._path, image, **options, dry_run=self._dry_run)
            return Line(item.name, Outcome.ADDED, label.external_image_id, faces=count, fields=label.fields)
        try:
            _, added = await self._faces.add(*self._path, image, **options, new_ids=ids)
        except IdTakenError:
            # a repeated request overtook the first one, which enrolled the image in the meantime
            if stored := await to_thread.run_sync(self._stored, ids):
                return await to_thread.run_sync(self._compare, item, label, stored)
            raise SourceError("conflict: another face of the set has the id of this image's face") from None
        return replace(_line(item, Outcome.ADDED, added), faces=len(added))


class ImportedIds:
    """Reproducible ids for the faces of an image: face set, name and the SHA-256 of its bytes select them."""

    def __init__(self, set_public_id: str, name: str, sha256: bytes) -> None:
        self._key = hashlib.sha256(b"\0".join([set_public_id.encode(), name.encode(), sha256]))

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


def refusal_of(error: ServiceError | SourceError | OSError) -> str:
    """Return why an image is rejected.

    Raises:
        ServiceError: The error is not one of the image: the service has no capacity, or the face set does not exist.
    """
    if isinstance(error, ServiceError):
        if error.entry.status != 400 or error.entry.key == "FRS.0302":
            raise error
        return error.message
    return error.strerror or "the file cannot be read" if isinstance(error, OSError) else str(error)


def _line(item: Item, outcome: Outcome, stored: Sequence[Face], *, reason: str | None = None) -> Line:
    """Return the report line of an image with these faces in the set."""
    if not stored:
        return Line(item.name, outcome, reason=reason)
    face_ids = [face.face_id for face in stored]
    return Line(item.name, outcome, stored[0].external_image_id, face_ids, reason=reason, fields=stored[0].fields)


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
