"""SQLite: one file on this machine, for one process or several."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, NullPool, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from openfrs.core.errors import OperatorError
from openfrs.core.files import create_private, replacing

from .base import Database, SnapshotSource, migrate
from .checkpoints import Checkpoints
from .errors import StoreBusyError, StoreUnavailableError

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a write is on the disk before it is acknowledged
    "foreign_keys=ON",
    "secure_delete=ON",  # a deleted template is overwritten with zeros, not only unlinked
    "busy_timeout=10000",
)

_SMALLEST_PAGE_BYTES = 512
"""SQLite treats a smaller file as a new database, and would overwrite what is left of a truncated one."""

WRITE_LOCK_SECONDS = 30.0
"""Timeout of a write that waits for other writes of its process."""

_ENVIRONMENT_ERRORS = frozenset(
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
"""Result codes of errors caused by the machine or the file, not by the program."""


class SqliteDatabase(Database):
    """A database in one file. All writes are serialised, among threads and among processes."""

    answers_at_once = True

    def __init__(self, path: Path) -> None:
        """Open or create the database.

        Raises:
            OperatorError: the file is not a database of this service, is damaged, or was written by a newer release.
        """
        if path.is_file() and 0 < path.stat().st_size < _SMALLEST_PAGE_BYTES:
            raise OperatorError(f"{path} cannot be used as a database: it is truncated; restore a backup")
        super().__init__()
        self._path = path
        self._engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=16, max_overflow=48)
        self._thread_lock = threading.Lock()
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._impatient = create_engine(URL.create("sqlite", database=str(path)), pool_size=1)
        event.listen(self._impatient, "connect", _configure_impatient)
        event.listen(self._impatient, "begin", _begin)
        try:
            # SQLite polls for its own lock, with pauses of up to 0.1 s and in no order, so a process among busy writers can wait
            # for seconds. The kernel queues waiters for this file lock.
            self._process_lock = path.with_name(f"{path.name}-turn").open("ab")
        except OSError as error:
            raise OperatorError(f"{path} cannot be used as a database: {error.strerror}") from error
        self._checkpoints = Checkpoints(path, self._write_lock)
        try:
            self._check_integrity()
            self._migrate()
        except (StoreUnavailableError, DatabaseError) as error:
            self.close()
            cause = error.__cause__ if isinstance(error, StoreUnavailableError) else error
            raise OperatorError(f"{path} cannot be used as a database: {getattr(cause, 'orig', error)}") from error
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _open_snapshot(self, *, wait: bool = True) -> Iterator[Connection]:
        engine = self._engine if wait else self._impatient
        with _environment_errors(), engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the only transaction that may write: durable when the block ends, rolled back if the block raises.

        Raises:
            StoreUnavailableError
        """
        with self._write_lock(), self._immediate() as connection:
            yield connection
        self._checkpoints.schedule()

    @contextmanager
    def quiesced(self) -> Iterator[None]:
        """Block all writes until the block ends: a writer fails after ten seconds. Reads continue.

        Raises:
            StoreUnavailableError
        """
        with self._immediate():
            yield

    def compact(self) -> None:
        """Rewrite the database, which takes 0.3 s for 35 MB. Writers wait.

        SQLite overwrites deleted rows, but when rows that have grown move to other pages it may leave copies in the unused part
        of a page. Rewritten pages hold nothing but current rows.

        Raises:
            StoreUnavailableError
        """
        with self._write_lock(), _environment_errors(), self._engine.connect() as connection:
            connection.connection.driver_connection.execute("VACUUM")  # type: ignore[union-attr]
        self._checkpoints.schedule()

    def truncate_log(self) -> bool:
        """Truncate the write-ahead log. Return False if a reader uses it for longer than 1.5 seconds.

        Raises:
            StoreUnavailableError
        """
        with _environment_errors():
            return self._checkpoints.truncate()

    @contextmanager
    def exclusive(self, job: str) -> Iterator[bool]:
        """Try to lock a job among all processes; yield whether this process holds the lock.

        Raises:
            StoreUnavailableError
        """
        try:
            file = self._path.with_name(f"{self._path.name}-{job}").open("ab")
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
        """Close every connection. SQLite moves the write-ahead log into the database file."""
        self._checkpoints.stop()
        self._engine.dispose()
        self._impatient.dispose()
        self._process_lock.close()

    @contextmanager
    def _immediate(self) -> Iterator[Connection]:
        """Open a transaction that holds SQLite's write lock from its start."""
        with (
            _environment_errors(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _write_lock(self) -> Iterator[None]:
        """Serialise writes among the threads of this process, then among processes."""
        if not self._thread_lock.acquire(timeout=WRITE_LOCK_SECONDS):
            raise StoreUnavailableError(f"another write has not ended within {WRITE_LOCK_SECONDS:g} seconds")
        try:
            fcntl.flock(self._process_lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._process_lock, fcntl.LOCK_UN)
        finally:
            self._thread_lock.release()

    def _check_integrity(self) -> None:
        """Check the structure of every page, but not every value, which takes 0.1 s for 150 MB."""
        with self.read() as connection:
            result = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
        if result != "ok":
            raise OperatorError(f"{self._path} is damaged; restore a backup: {' '.join(result.split())}")

    def _migrate(self) -> None:
        def preserve(schema: str) -> str:
            copy = previous_database(self._path, schema)
            copy_database(self._path, copy)  # the connection holds the write lock, so nothing changes
            return f"a copy of the old database is in {copy}"

        with self.write() as connection:  # even without a migration: a read-only file fails at the start
            migrate(connection, str(self._path), preserve)


class SqliteSnapshots(SnapshotSource):
    """Snapshots of a database with any schema, which is not migrated. Nothing is changed."""

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
        event.listen(self._engine, "connect", _configure_reader)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that sees one snapshot, taken at its first statement.

        Raises:
            StoreUnavailableError
        """
        with _environment_errors(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def previous_database(path: Path, schema: str) -> Path:
    """Return the path of the copy that is kept of a database with an older schema."""
    return path.with_name(f"{path.stem}-schema-{schema}{path.suffix}")


def copy_database(source: Path, target: Path) -> None:
    """Write a snapshot of a database to a file of mode 0600, atomically and without the remains of deleted rows.

    An existing target is replaced. Writers do not wait; the snapshot does not include concurrent writes.

    Raises:
        StoreUnavailableError: the target cannot be written, or the source is damaged.
    """
    try:
        with replacing(target) as temporary:
            create_private(temporary).close()
            with _environment_errors(), closing(sqlite3.connect(source, isolation_level=None)) as connection:
                connection.execute("PRAGMA busy_timeout=10000")
                connection.execute("VACUUM INTO ?", (str(temporary),))
    except OSError as error:
        raise StoreUnavailableError(f"{target} cannot be written: {error.strerror}") from error


@contextmanager
def _environment_errors() -> Iterator[None]:
    """Convert errors of the machine to :class:`StoreUnavailableError`; errors of the program pass unchanged."""
    try:
        yield
    except sqlite3.DatabaseError as error:  # from the driver itself
        if error.sqlite_errorcode & 0xFF not in _ENVIRONMENT_ERRORS:
            raise
        raise _store_error(error, error.sqlite_errorcode) from error
    except DatabaseError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        if code is None or code & 0xFF not in _ENVIRONMENT_ERRORS:
            raise
        raise _store_error(error.orig, code) from error
    except PoolTimeoutError as error:
        raise StoreUnavailableError("no database connection is free") from error


def _store_error(error: object, code: int) -> StoreUnavailableError:
    is_busy = code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return (StoreBusyError if is_busy else StoreUnavailableError)(str(error))


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # no transactions by the driver: _begin opens them
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _configure_reader(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")  # mode=ro would leave the write-ahead log's files behind


def _configure_impatient(connection: Any, record: object) -> None:
    _configure(connection, record)
    connection.execute("PRAGMA busy_timeout=0")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    driver: Any = connection.connection.driver_connection  # SQLAlchemy's own way takes ten times as long
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
