"""Copying a SQLite database while others write to it."""

import contextlib
import sqlite3
from pathlib import Path

from openfrs.core.files import create_private, replacing

from .errors import StoreUnavailableError
from .sqlite_faults import machine_faults


def copy_database(source: Path, target: Path) -> None:
    """Write the database as it is at this moment, without what was deleted from it, to a file of mode 0600, all at once.

    A file of that name is replaced. Nobody waits: who writes meanwhile is not seen.

    Raises:
        StoreUnavailableError: the disk refuses, or the source is damaged.
    """
    try:
        with replacing(target) as temporary:
            create_private(temporary).close()
            with machine_faults(), contextlib.closing(sqlite3.connect(source, isolation_level=None)) as connection:
                connection.execute("PRAGMA busy_timeout=10000")
                connection.execute("VACUUM INTO ?", (str(temporary),))
    except OSError as error:
        raise StoreUnavailableError(f"{target} cannot be written: {error.strerror}") from error
