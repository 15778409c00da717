"""Copying a SQLite database while others write to it."""

import contextlib
import os
import sqlite3
from pathlib import Path

from .errors import StoreUnavailableError
from .sqlite_faults import machine_faults


def copy_database(source: Path, target: Path) -> None:
    """Write the database as it is at this moment, without what was deleted from it, to a file of mode 0600, all at once.

    A file of that name is replaced. Nobody waits: who writes meanwhile is not seen.

    Raises:
        StoreUnavailableError: the disk refuses, or the source is damaged.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL, 0o600))
        with machine_faults(), contextlib.closing(sqlite3.connect(source, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout=10000")
            connection.execute("VACUUM INTO ?", (str(partial),))
        sync(partial)
        partial.replace(target)
        sync(target.parent)
    except OSError as error:
        raise StoreUnavailableError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have the disk write a file, or the entries of a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
