"""Cache of the results for each image, so that an interrupted run resumes."""

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
"""The cached result for one image: named arrays of numbers or text."""

HASHED_PACKAGES: Final = ("openfrs.vision", "openfrs.media", "openfrs.recognition")


@once
def fingerprint() -> str:
    """Return a hash of the code and the manifest of the weights, so that other versions do not share results.

    Calibrations and cohorts are excluded: the results do not depend on them.
    """
    digest = hashlib.sha256()
    for package in HASHED_PACKAGES:
        for file in _files(resources.files(package)):
            if not file.name.endswith((".calibration.json", ".cohort.npz")):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _files(folder: Traversable) -> Iterator[Traversable]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_file():
            yield each
        elif each.name != "__pycache__":
            yield from _files(each)


class RecordCache:
    """Records in an SQLite file by image (path, size, modification time) and kind of result. Not thread-safe."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, file: Path) -> Iterator["RecordCache"]:
        """Open the cache in ``file``, and create it if it is missing.

        Raises:
            OperatorError: the file is not a cache.
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
        """Return the key for an image in its current version; ``kind`` names the result and the models."""
        stat = path.stat()
        return f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{kind}|{fingerprint()}"

    def get(self, key: str) -> Record | None:
        """Return a cached record, or None."""
        row = self._connection.execute("select value from record where key = ?", (key,)).fetchone()
        if row is None:
            return None
        with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
            return dict(arrays)

    def put(self, key: str, record: Record) -> None:
        """Store a record; :meth:`commit` makes it durable."""
        buffer = io.BytesIO()
        np.savez(buffer, **record)  # type: ignore[arg-type]
        self._connection.execute("insert or replace into record values (?, ?)", (key, buffer.getvalue()))

    def commit(self) -> None:
        """Write the stored records to disk."""
        self._connection.commit()
