"""The interface of a database, which SQLite and PostgreSQL implement."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar

from sqlalchemy import Connection, inspect

HEAD = "0018"
"""The newest revision of the schema; see :mod:`openfrs.store.db.migrations`."""


class SnapshotSource(ABC):
    """A database that can be read."""

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Open a connection that sees one snapshot, taken at its first statement, and never waits for writers.

        Raises:
            StoreUnavailableError
        """

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""


class Database(SnapshotSource):
    """A database that can be read and written. Opening it migrates it to the current schema."""

    answers_at_once: ClassVar[bool] = False
    """True if a read of a few rows takes no longer than a change of threads."""

    def __init__(self) -> None:
        self._thread = threading.local()

    def read(self) -> AbstractContextManager[Connection]:
        """Open a connection that sees one snapshot, or return that of :meth:`shared_read`.

        Raises:
            StoreUnavailableError
        """
        shared: Connection | None = getattr(self._thread, "snapshot", None)
        return self._open_snapshot() if shared is None else nullcontext(shared)

    @contextmanager
    def shared_read(self, *, wait: bool = True) -> Iterator[None]:
        """Let all reads of this thread see one snapshot, on one connection, until the block ends.

        Raises:
            StoreUnavailableError
            StoreBusyError: ``wait`` is false, and the first read would have to wait for another process.
        """
        with self._open_snapshot(wait=wait) as connection:
            self._thread.snapshot = connection
            try:
                yield
            finally:
                self._thread.snapshot = None

    @abstractmethod
    def _open_snapshot(self, *, wait: bool = True) -> AbstractContextManager[Connection]:
        """Open a connection that sees one snapshot, taken at its first statement."""

    @abstractmethod
    def write(self) -> AbstractContextManager[Connection]:
        """Open a transaction that may write: durable when the block ends, rolled back if the block raises.

        Writers to the same face set are serialised by a lock on its row.

        Raises:
            StoreConflictError: the database rolled the transaction back in favour of another one.
            StoreUnavailableError
        """

    @abstractmethod
    def compact(self) -> None:
        """Rewrite the database without the remains of deleted and moved rows. Writers wait.

        Raises:
            StoreUnavailableError
        """

    @abstractmethod
    def truncate_log(self) -> bool:
        """Remove deleted data from the write-ahead log now. Return False if a reader prevents it.

        Raises:
            StoreUnavailableError
        """

    @abstractmethod
    def exclusive(self, job: str) -> AbstractContextManager[bool]:
        """Try to lock a job among all processes that use the database; yield whether this process holds the lock.

        The lock is released when the block ends, or if the process dies.

        Raises:
            StoreUnavailableError
        """


def migrate(connection: Connection, location: str, preserve: Callable[[str], str]) -> None:
    """Migrate a database to the current schema, within the connection's transaction.

    ``location`` names the database in messages. ``preserve`` is called with an older schema before anything is changed; it saves a
    copy and returns a note for the log.

    Raises:
        OperatorError: the database was written by a newer release.
        StoreUnavailableError
    """
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if current != HEAD:
        from .schema import upgrade  # imports Alembic, which is slow to load and rarely needed

        upgrade(connection, current, location, preserve)
