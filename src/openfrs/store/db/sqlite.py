"""SQLite: one file on this machine, for one process or several."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError

from openfrs.core.errors import OperatorError

from .base import Database, bring_up
from .checkpoints import Checkpoints
from .copying import copy_database
from .errors import StoreUnavailableError
from .sqlite_faults import machine_faults

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledged write is on the disk
    "foreign_keys=ON",
    "secure_delete=ON",  # a deleted template is overwritten, not only unlinked
    "busy_timeout=10000",
)

_LEAST_SIZE = 512
"""Bytes of the smallest page. SQLite takes a file with less for a new one, and would write over what is left of an old one."""

WRITE_TURN_SECONDS = 30.0
"""How long a write waits for the other writes of its process before it is refused."""


class SqliteDatabase(Database):
    """A database in one file.

    Writes take turns, among the threads of a process and among processes, whatever they write.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the database.

        Raises:
            OperatorError: the file is no database of this service, is damaged, or was written by a newer release.
        """
        if path.is_file() and 0 < path.stat().st_size < _LEAST_SIZE:
            raise OperatorError(f"{path} cannot be used as a database: it is cut off")
        self._path = path
        self._engine = create_engine(f"sqlite:///{path}", pool_size=16, max_overflow=48)
        self._writing = threading.Lock()
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            # SQLite's own lock is polled for, with pauses of up to 0.1 s and no order: among processes that write without
            # pause one can wait for seconds. The kernel queues those who wait for this one.
            self._queue = path.with_name(f"{path.name}-turn").open("ab")
        except OSError as error:
            raise OperatorError(f"{path} cannot be used as a database: {error.strerror}") from error
        self._checkpoints = Checkpoints(path, self._turn)
        try:
            self._check(path)
            self._migrate(path)
        except (StoreUnavailableError, DatabaseError) as error:
            self.close()
            cause = error.__cause__ if isinstance(error, StoreUnavailableError) else error
            raise OperatorError(f"{path} cannot be used as a database: {getattr(cause, 'orig', error)}") from error
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees the database as it was at its first statement.

        Raises:
            StoreUnavailableError
        """
        with machine_faults(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection that alone may write; what it did is durable when the block ends, undone if it raises.

        Raises:
            StoreUnavailableError
        """
        with (
            self._turn(),
            machine_faults(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection
        self._checkpoints.due()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nobody writes until the block ends: who tries is refused after ten seconds. Reading goes on.

        Raises:
            StoreUnavailableError
        """
        with (
            machine_faults(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield

    def compact(self) -> None:
        """Write the database anew. Nobody writes meanwhile; 0.3 s for 35 MB.

        SQLite overwrites what is deleted, but may leave a copy of a row in the unused part of a page when it moves rows that
        have grown to other pages. Written anew, pages hold nothing but what is there.

        Raises:
            StoreUnavailableError
        """
        with self._turn(), machine_faults(), self._engine.connect() as connection:
            connection.connection.driver_connection.execute("VACUUM")  # type: ignore[union-attr]
        self._checkpoints.due()

    def settle(self) -> bool:
        """Empty the write-ahead log; False if a reader stays in it for longer than a second and a half.

        Raises:
            StoreUnavailableError
        """
        with machine_faults():
            return self._checkpoints.empty()

    @contextmanager
    def turn(self, work: str) -> Iterator[bool]:
        """Whether this process has the turn at some work until the block ends.

        Raises:
            StoreUnavailableError
        """
        try:
            file = self._path.with_name(f"{self._path.name}-{work}").open("ab")
        except OSError as error:
            raise StoreUnavailableError(str(error)) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def close(self) -> None:
        """Close every connection; the write-ahead log goes into the database file."""
        self._checkpoints.stop()
        self._engine.dispose()
        self._queue.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Alone in writing, in this process and among all."""
        if not self._writing.acquire(timeout=WRITE_TURN_SECONDS):
            raise StoreUnavailableError("another write does not end")
        try:
            fcntl.flock(self._queue, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._queue, fcntl.LOCK_UN)
        finally:
            self._writing.release()

    def _check(self, path: Path) -> None:
        """Look at the structure of every page, though not at every value: 0.1 s for 150 MB."""
        with self.read() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
        if found != "ok":
            raise OperatorError(f"{path} is damaged: {' '.join(found.split())}")

    def _migrate(self, path: Path) -> None:
        def keep(schema: str) -> str:
            kept = old_database(path, schema)
            copy_database(path, kept)  # the connection holds the lock: nobody else can write
            return f"as it was it is kept in {kept}"

        with self.write() as connection:  # even where nothing is to be done: who cannot write is told now
            bring_up(connection, str(path), keep)


def old_database(path: Path, schema: str) -> Path:
    """Where a database is kept as it was before it was brought from this schema to the present one."""
    return path.with_name(f"{path.stem}-schema-{schema}{path.suffix}")


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own transaction handling off: _begin does it
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
