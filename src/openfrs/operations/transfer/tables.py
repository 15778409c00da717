"""Images to import that a CSV or JSONL file lists, with their ids and custom fields."""

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from openfrs.core.errors import OperatorError
from openfrs.core.text import escaped
from openfrs.faces.imports.items import Item, SourceError, check_name

from .files import read_image_file
from .sources import failing

_FILE, _URL = "file", "url"

Row = tuple[str, str, str | None, Mapping[str, Any]]
"""``file`` or ``url``, its value, person and custom fields."""

Fetch = Callable[[str], bytes]
"""Returns the file at a URL; raises ``SourceError``."""


def mapped_items(file: Path, fetch: Fetch | None = None) -> Iterator[Item]:
    """Yield the images that a CSV or JSONL file lists; their paths are relative to the file.

    A CSV file has a header with a column ``file``, or ``url`` for images that ``fetch`` reads. A column ``external_image_id`` is
    optional; others are custom fields. Empty cells are ignored. A line of a JSONL file is an object with ``file`` or ``url`` and
    optionally ``external_image_id`` and ``external_fields``. An image that is listed twice cannot be read: its rows may differ.

    Raises:
        OperatorError: The file cannot be read in the format of its suffix.
    """
    lines: dict[str, list[int]] = {}
    for number, (key, name, _, _) in enumerate(_rows(file), 1):
        lines.setdefault(_place(file, key, name), []).append(number)
    typed = file.suffix.lower() != ".csv"
    for key, name, person, fields in _rows(file):
        listed = lines[_place(file, key, name)]
        try:
            check_name(name)
            if len(listed) > 1:
                raise SourceError(f"the table lists it more than once, as image {', '.join(map(str, listed))}")
        except SourceError as refusal:
            yield Item(escaped(name), None, failing(str(refusal)))
            continue
        if key == _URL:
            read = partial(fetch, name) if fetch is not None else failing("URLs are not fetched")
            yield Item(name, person, read, fields, typed)
            continue
        path = Path(_place(file, key, name))
        tree = file.parent if path.is_relative_to(os.path.abspath(file.parent)) else None  # noqa: PTH100  # keeps links
        yield Item(os.path.normpath(name), person, partial(read_image_file, path, tree), fields, typed)


def _place(file: Path, key: str, name: str) -> str:
    if key == _URL:
        return name
    return os.path.normpath(os.path.abspath(file.parent / name))  # noqa: PTH100  # resolving would follow links


def _rows(file: Path) -> Iterator[Row]:
    readers = {".csv": _csv_rows, ".jsonl": _json_rows}
    read = readers.get(file.suffix.lower())
    if read is None:
        raise OperatorError(f"{file} is neither a folder nor a .csv or .jsonl file")
    try:
        for number, (key, name, person, fields) in enumerate(read(file), 1):
            if not isinstance(name, str) or not name:
                raise OperatorError(f"{file}: image {number} has no {key}")
            person = person or None
            if person is not None and not isinstance(person, str):
                raise OperatorError(f"{file}: the external_image_id of image {number} is not a string")
            yield key, name, person, fields
    except (OSError, ValueError, csv.Error) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from error


def _csv_rows(file: Path) -> Iterator[tuple[str, Any, Any, Mapping[str, Any]]]:
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        rows = csv.DictReader(lines, strict=True)
        key = next((each for each in (_FILE, _URL) if each in (rows.fieldnames or ())), None)
        if key is None:
            raise OperatorError(f"{file} has no column file or url")
        for row in rows:
            if None in row:
                raise OperatorError(f"{file}: line {rows.line_num} has more cells than the header")
            name, person = row.pop(key), row.pop("external_image_id", None)
            yield key, name, person, {field: value for field, value in row.items() if value}


def _json_rows(file: Path) -> Iterator[tuple[str, Any, Any, Mapping[str, Any]]]:
    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            if not line.strip():
                continue
            row = json.loads(line)
            if not isinstance(row, dict) or not isinstance(row.get("external_fields", {}), dict):
                raise OperatorError(f"{file}: each line must be a JSON object, and its external_fields too")
            key = _URL if _FILE not in row and _URL in row else _FILE
            yield key, row.get(key), row.get("external_image_id"), row.get("external_fields", {})
