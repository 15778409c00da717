"""Where pictures to import come from: a folder tree, or a file that maps pictures to ids and custom fields."""

import csv
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from openfrs.core import limits
from openfrs.core.errors import OperatorError

SUFFIXES: Final = frozenset([".jpg", ".jpeg", ".png", ".bmp"])
"""Files of a folder that are taken for pictures."""

_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]")


class SourceError(Exception):
    """An item cannot be imported; the message says why."""


class Naming(StrEnum):
    """What of a picture's place in a folder tree names the person."""

    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to import. ``name`` tells it from the others of its source and stays the same from run to run.

    ``read`` gives its bytes, or raises ``SourceError`` or ``OSError``. ``fields`` are texts where ``typed`` is not set.
    """

    name: str
    external_image_id: str | None
    read: Callable[[], bytes] = field(repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict)
    typed: bool = True


class Names:
    """Names of people as external image ids, in which only ``A-Z``, ``a-z``, ``0-9``, ``_`` and ``-`` may stand."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def external_image_id(self, name: str) -> str:
        """The id for a name: every other character becomes ``_``.

        Raises:
            SourceError: it is too long, or another name has become the same id.
        """
        result = _OTHER.sub("_", name)
        if len(result) > limits.MAX_EXTERNAL_IMAGE_ID_LENGTH:
            raise SourceError(f"the name has more than {limits.MAX_EXTERNAL_IMAGE_ID_LENGTH} characters")
        if self._names.setdefault(result, name) != name:
            raise SourceError(f"{self._names[result]!r} and {name!r} would both be {result}")
        return result


def folder_items(folder: Path, naming: Naming) -> Iterator[Item]:
    """The pictures of a folder tree in order of their paths; hidden files and folders are passed over.

    By folder the first level names the person (``anna/1.jpg`` is ``anna``), a picture directly in the folder itself.

    Raises:
        OperatorError: the folder cannot be read.
    """
    names = Names()
    for path in _pictures(folder):
        inner = path.relative_to(folder)
        person = inner.parts[0] if naming is Naming.FOLDER and len(inner.parts) > 1 else path.stem
        yield named_item(inner.as_posix(), person, path.read_bytes, names)


def named_item(name: str, person: str, read: Callable[[], bytes], names: Names) -> Item:
    """A picture of a person known by name; one whose name is of no use says so when it is read."""
    try:
        return Item(name, names.external_image_id(person), read)
    except SourceError as error:
        return Item(name, None, _failing(str(error)))


def mapped_items(file: Path) -> Iterator[Item]:
    """The pictures that a CSV or JSONL file names, by paths from the folder it lies in.

    A CSV has a header; its column ``file`` is needed, ``external_image_id`` may be there, every other one is a custom field and an
    empty cell no value. A line of JSONL is an object with ``file`` and perhaps ``external_image_id`` and ``external_fields``.

    Raises:
        OperatorError: the file cannot be read as what its suffix says.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows}
    read = readers.get(file.suffix.lower())
    if read is None:
        raise OperatorError(f"{file} is neither a folder nor a .csv or .jsonl file")
    try:
        for line, (name, external_image_id, fields) in enumerate(read(file), 1):
            if not isinstance(name, str) or not name:
                raise OperatorError(f"{file}: picture {line} has no file")
            given = external_image_id or None
            if given is not None and not isinstance(given, str):
                raise OperatorError(f"{file}: the external_image_id of picture {line} is no text")
            yield Item(name, given, (file.parent / name).read_bytes, fields, typed=file.suffix.lower() != ".csv")
    except (OSError, ValueError, csv.Error) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from error


def _csv_rows(file: Path) -> Iterator[tuple[Any, Any, Mapping[str, Any]]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, strict=True)
        if "file" not in (rows.fieldnames or []):
            raise OperatorError(f"{file} has no column called file")
        for row in rows:
            if None in row:
                raise OperatorError(f"{file}: line {rows.line_num} has more cells than the header")
            name, external_image_id = row.pop("file"), row.pop("external_image_id", None)
            yield name, external_image_id, {key: value for key, value in row.items() if value}


def _json_rows(file: Path) -> Iterator[tuple[Any, Any, Mapping[str, Any]]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                continue
            row = json.loads(line)
            if not isinstance(row, dict) or not isinstance(row.get("external_fields", {}), dict):
                raise OperatorError(f"{file}: a line must be an object, and external_fields in it another")
            yield row.get("file"), row.get("external_image_id"), row.get("external_fields", {})


def _pictures(folder: Path) -> list[Path]:
    """All pictures below a folder. Symbolic links to folders are not followed: they may lead round in a circle."""

    def tell(error: OSError) -> None:
        raise OperatorError(f"cannot read {error.filename}: {error.strerror}") from error

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=tell):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        pictures = (name for name in files if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES)
        found += [Path(place, name) for name in pictures]
    return sorted(found)


def _failing(reason: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise SourceError(reason)

    return read
