"""What the server or the way to it does to PostgreSQL: out of reach, shutting down, full, locked for too long."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from .errors import StoreConflictError, StoreUnavailableError

_FAULTS = (
    "08",  # the connection
    "25006",  # read-only, as a standby is
    "25P03",  # idle in a transaction for too long
    "53",  # out of disk, memory or connections
    "55P03",  # a lock was not to be had in time
    "57",  # shut down, starting up, cancelled for its time
    "58",  # the disk
    "XX",  # damaged
)
"""What the machine did to the database, as against what the program asked of it: states and classes of states."""

_CONFLICTS = ("40001", "40P01")


@contextmanager
def server_faults() -> Iterator[None]:
    """Tell what the server did from mistakes of the program."""
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        told = " ".join(str(error.orig).split())
        if state in _CONFLICTS:
            raise StoreConflictError(told) from error
        if state is None and type(error.orig).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}:
            raise StoreUnavailableError(told) from error  # there was no answer that could have a state
        if state is not None and state.startswith(_FAULTS):
            raise StoreUnavailableError(told) from error
        raise
    except PoolTimeoutError as error:
        raise StoreUnavailableError("no connection is free") from error
