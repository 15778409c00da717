"""Sources of images to import: a folder tree, or a CSV or JSONL file that lists images with their ids and custom fields."""

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
"""Suffixes of the files of a folder that are imported."""

_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_-]")


class SourceError(Exception):
    """An item cannot be imported, for the reason in the message."""


class Naming(StrEnum):
    """The part of an image's path that names the person."""

    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Item:
    """An image to import. ``name`` is unique within its source and the same in each run.

    ``read`` returns the bytes, or raises ``SourceError`` or ``OSError``. Values of ``fields`` are strings unless ``typed`` is set.
    """

    name: str
    external_image_id: str | None
    read: Callable[[], bytes] = field(repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict)
    typed: bool = True


class Names:
    """Converts names of people to external image ids, which consist of ``A-Z``, ``a-z``, ``0-9``, ``_`` and ``-``."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def external_image_id(self, name: str) -> str:
        """Replace each character that is not allowed with ``_``.

        Raises:
            SourceError: The name is too long, or another name has the same id.
        """
        result = _FORBIDDEN.sub("_", name)
        if len(result) > limits.MAX_EXTERNAL_IMAGE_ID_LENGTH:
            raise SourceError(f"the name has more than {limits.MAX_EXTERNAL_IMAGE_ID_LENGTH} characters")
        if self._names.setdefault(result, name) != name:
            raise SourceError(f"{self._names[result]!r} and {name!r} would have the same external_image_id {result}")
        return result


def folder_items(folder: Path, naming: Naming) -> Iterator[Item]:
    """Yield the images of a folder tree in the order of their paths, without hidden files and folders.

    With ``Naming.FOLDER`` the folder at the first level names the person (``anna/1.jpg`` is ``anna``); an image at the top level is
    named by its file.

    Raises:
        OperatorError: The folder cannot be read.
    """
    names = Names()
    for path in _images(folder):
        relative = path.relative_to(folder)
        person = relative.parts[0] if naming is Naming.FOLDER and len(relative.parts) > 1 else path.stem
        yield named_item(relative.as_posix(), person, path.read_bytes, names)


def named_item(name: str, person: str, read: Callable[[], bytes], names: Names) -> Item:
    """Return an image of a person; if the name cannot be converted, reading the item raises ``SourceError``."""
    try:
        return Item(name, names.external_image_id(person), read)
    except SourceError as error:
        return Item(name, None, _failing(str(error)))


def mapped_items(file: Path) -> Iterator[Item]:
    """Yield the images that a CSV or JSONL file lists; their paths are relative to the file.

    A CSV file has a header with a column ``file``. A column ``external_image_id`` is optional; others are custom fields. Empty
    cells are ignored. A line of a JSONL file is an object with ``file`` and optionally ``external_image_id`` and
    ``external_fields``.

    Raises:
        OperatorError: The file cannot be read in the format of its suffix.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows}
    read = readers.get(file.suffix.lower())
    if read is None:
        raise OperatorError(f"{file} is neither a folder nor a .csv or .jsonl file")
    try:
        for line, (name, external_image_id, fields) in enumerate(read(file), 1):
            if not isinstance(name, str) or not name:
                raise OperatorError(f"{file}: image {line} has no file")
            image_id = external_image_id or None
            if image_id is not None and not isinstance(image_id, str):
                raise OperatorError(f"{file}: the external_image_id of image {line} is not a string")
            yield Item(name, image_id, (file.parent / name).read_bytes, fields, typed=file.suffix.lower() != ".csv")
    except (OSError, ValueError, csv.Error) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from error


def _csv_rows(file: Path) -> Iterator[tuple[Any, Any, Mapping[str, Any]]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, strict=True)
        if "file" not in (rows.fieldnames or []):
            raise OperatorError(f"{file} has no column file")
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
                raise OperatorError(f"{file}: each line must be a JSON object, and its external_fields too")
            yield row.get("file"), row.get("external_image_id"), row.get("external_fields", {})


def _images(folder: Path) -> list[Path]:
    """Return all images below a folder. Symbolic links to folders are not followed, as they can form a cycle."""

    def fail(error: OSError) -> None:
        raise OperatorError(f"cannot read {error.filename}: {error.strerror}") from error

    paths: list[Path] = []
    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        images = (name for name in files if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES)
        paths += [Path(parent, name) for name in images]
    return sorted(paths)


def _failing(reason: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise SourceError(reason)

    return read
