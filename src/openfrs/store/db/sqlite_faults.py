"""What the machine does to SQLite: a full disk, a failing one, a damaged file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from .errors import StoreUnavailableError

_FAULTS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
"""What the machine did to the database, as against what the program asked of it."""


@contextmanager
def machine_faults() -> Iterator[None]:
    """Tell what the machine did to the database from mistakes of the program."""
    try:
        yield
    except sqlite3.DatabaseError as error:  # from the driver itself
        if error.sqlite_errorcode & 0xFF not in _FAULTS:
            raise
        raise StoreUnavailableError(str(error)) from error
    except DatabaseError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        if code is None or code & 0xFF not in _FAULTS:
            raise
        raise StoreUnavailableError(str(error.orig)) from error
    except PoolTimeoutError as error:
        raise StoreUnavailableError("no connection is free") from error
