"""Pictures of CompreFace's database, out of a plain dump made with ``pg_dump``.

CompreFace keeps people in ``subject``, pictures in ``img`` where it is set to store them, and which picture belongs to whom in
``embedding``. Its templates are of another embedder and of no use here.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from openfrs.core.errors import OperatorError

from .sources import Item, Names, named_item

_COPY: Final = re.compile(r"COPY (?:public\.)?\"?(\w+)\"? \(([^)]*)\) FROM stdin;\n?")
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_END: Final = "\\."
_NULL: Final = r"\N"


def compreface_items(dump: Path, api_key: str | None) -> Iterator[Item]:
    """The stored pictures of a dump, each named by its subject; ``api_key`` chooses one of several recognition services.

    The dump is read twice, line by line: first who is on which picture, then the pictures.

    Raises:
        OperatorError: it is no plain dump of CompreFace, holds no pictures, or several services and none was chosen.
    """
    people = _people(dump, api_key)
    names = Names()
    try:
        for row in _rows(dump, "img"):
            if row["id"] in people:
                yield named_item(row["id"], people[row["id"]], _Bytes(row["content"]).decode, names)
    except OSError as error:
        raise OperatorError(f"cannot read {dump}: {error.strerror}") from error


class _Bytes:
    """A value of type bytea as it stands in a dump; decoded when wanted."""

    def __init__(self, text: str) -> None:
        self._text = text

    def decode(self) -> bytes:
        return bytes.fromhex(self._text.removeprefix("\\x"))


def _people(dump: Path, api_key: str | None) -> dict[str, str]:
    """The subject's name for each picture's id."""
    try:
        with dump.open("rb") as file:
            if file.read(5) == b"PGDMP":
                raise OperatorError(f"{dump} is no plain dump: make one of it with pg_restore --file=plain.sql {dump}")
        subjects = {row["id"]: row for row in _rows(dump, "subject")}
        services = {row["api_key"] for row in subjects.values()}
        if not subjects:
            raise OperatorError(f"{dump} is no dump of CompreFace: it has no subjects")
        if api_key is None and len(services) > 1:
            raise OperatorError(f"{dump} has the faces of {len(services)} services: choose one with --api-key")
        chosen = {key: row["subject_name"] for key, row in subjects.items() if api_key in (None, row["api_key"])}
        people = {row["img_id"]: chosen.get(row["subject_id"]) for row in _rows(dump, "embedding")}
    except OSError as error:
        raise OperatorError(f"cannot read {dump}: {error.strerror}") from error
    people.pop(_NULL, None)
    found = {picture: name for picture, name in people.items() if name is not None}
    if not found:
        raise OperatorError(f"{dump} has no pictures of these subjects: CompreFace was not set to store them")
    return found


def _rows(dump: Path, table: str) -> Iterator[Mapping[str, str]]:
    """The rows of a table by column."""
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
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), value) if "\\" in value else value
