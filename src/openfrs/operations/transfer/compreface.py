"""Images of a CompreFace database, from a plain dump made with ``pg_dump``.

CompreFace stores people in ``subject``, images (if configured to) in ``img``, and the subject of each image in ``embedding``. Its
templates come from another embedder and cannot be imported.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from openfrs.core.errors import OperatorError
from openfrs.faces.imports.items import Item

_COPY: Final = re.compile(r"COPY (?:public\.)?\"?(\w+)\"? \(([^)]*)\) FROM stdin;\n?")
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_END: Final = "\\."
_NULL: Final = r"\N"


def compreface_items(dump: Path, api_key: str | None) -> Iterator[Item]:
    """Yield the images of a dump, each named by its subject; ``api_key`` selects a recognition service.

    The dump is read twice, line by line: first the subject of each image, then the images.

    Raises:
        OperatorError: The file is not a plain dump of CompreFace, holds no images, or holds several services without
            ``api_key``.
    """
    people = _people(dump, api_key)
    try:
        for row in _rows(dump, "img"):
            if row["id"] in people:
                yield Item(row["id"], people[row["id"]], _Bytes(row["content"]).decode)
    except OSError as error:
        raise OperatorError(f"cannot read {dump}: {error.strerror}") from error


class _Bytes:
    """A bytea value of a dump, decoded on demand."""

    def __init__(self, text: str) -> None:
        self._text = text

    def decode(self) -> bytes:
        return bytes.fromhex(self._text.removeprefix("\\x"))


def _people(dump: Path, api_key: str | None) -> dict[str, str]:
    """Return the subject's name by image id."""
    try:
        with dump.open("rb") as file:
            if file.read(5) == b"PGDMP":
                raise OperatorError(f"{dump} is not a plain dump; convert it with pg_restore --file=plain.sql {dump}")
        subjects = {row["id"]: row for row in _rows(dump, "subject")}
        services = {row["api_key"] for row in subjects.values()}
        if not subjects:
            raise OperatorError(f"{dump} is not a CompreFace dump: it has no subjects")
        if api_key is None and len(services) > 1:
            raise OperatorError(f"{dump} has the faces of {len(services)} services; select one with --api-key")
        chosen = {key: row["subject_name"] for key, row in subjects.items() if api_key in (None, row["api_key"])}
        people = {row["img_id"]: chosen.get(row["subject_id"]) for row in _rows(dump, "embedding")}
    except OSError as error:
        raise OperatorError(f"cannot read {dump}: {error.strerror}") from error
    people.pop(_NULL, None)
    named = {image: name for image, name in people.items() if name is not None}
    if not named:
        raise OperatorError(f"{dump} has no images of these subjects; CompreFace was not configured to store them")
    return named


def _rows(dump: Path, table: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a table, as values by column."""
    with dump.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            header = _COPY.fullmatch(line) if line.startswith("COPY ") else None
            if header is not None and header[1] == table:
                columns = [name.strip().strip('"') for name in header[2].split(",")]
                yield from _copied(lines, columns)
                return


def _copied(lines: TextIO, columns: list[str]) -> Iterator[Mapping[str, str]]:
    for line in lines:
        text = line.rstrip("\n")
        if text == _END:
            return
        values = [value if value == _NULL else _plain(value) for value in text.split("\t")]
        yield dict(zip(columns, values, strict=True))


def _plain(value: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), value) if "\\" in value else value
