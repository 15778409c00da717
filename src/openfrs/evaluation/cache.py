"""What was computed of a picture is kept, so that an interrupted run goes on where it stopped."""

import hashlib
import io
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache as once
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError

Record = Mapping[str, npt.NDArray[Any]]
"""What is kept of one picture: named arrays of numbers or text."""

CODE: Final = ("openfrs.vision", "openfrs.media", "openfrs.recognition")


@once
def fingerprint() -> str:
    """A hash of the code and weights' manifest that work on pictures: what another version computed is not taken over.

    Calibrations are left out: what is kept of a picture comes before them, and they are made from it.
    """
    digest = hashlib.sha256()
    for package in CODE:
        for file in _files(resources.files(package)):
            if not file.name.endswith(".calibration.json"):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _files(folder: Traversable) -> Iterator[Traversable]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_file():
            yield each
        elif each.name != "__pycache__":
            yield from _files(each)


class RecordCache:
    """Records in one SQLite file, by picture (path, size, time of change) and by what was computed. For one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, file: Path) -> Iterator["RecordCache"]:
        """The cache in ``file``, which is made where it is missing.

        Raises:
            OperatorError: the file is no cache.
        """
        connection = sqlite3.connect(file)
        try:
            connection.execute(
                "create table if not exists record (key text primary key, value blob not null) without rowid"
            )
        except sqlite3.DatabaseError as error:
            connection.close()
            raise OperatorError(f"{file} cannot be used as a cache: {error}") from error
        try:
            yield cls(connection)
        finally:
            connection.commit()
            connection.close()

    def key(self, path: Path, kind: str) -> str:
        """Names what is computed of a picture as it is now; ``kind`` says what, and with which models."""
        stat = path.stat()
        return f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{kind}|{fingerprint()}"

    def get(self, key: str) -> Record | None:
        """What was kept; None where nothing was."""
        row = self._connection.execute("select value from record where key = ?", (key,)).fetchone()
        if row is None:
            return None
        with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
            return dict(arrays)

    def put(self, key: str, record: Record) -> None:
        """Keep a record, from the next :meth:`commit` on for good."""
        buffer = io.BytesIO()
        np.savez(buffer, **record)  # type: ignore[arg-type]
        self._connection.execute("insert or replace into record values (?, ?)", (key, buffer.getvalue()))

    def commit(self) -> None:
        """Bring what was put to the disk."""
        self._connection.commit()
