"""PostgreSQL: one database on a server, shared by any number of nodes.

Reads are snapshots (REPEATABLE READ, READ ONLY). Writes are READ COMMITTED and lock a row before they read it, so a writer that has
waited for the lock reads what the previous one committed. Within a face set the order of commits is the order of versions, and
writers to different face sets do not wait for each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from openfrs.core.errors import OperatorError, missing_extra

from .base import Database, SnapshotSource, migrate
from .errors import StoreConflictError, StoreUnavailableError

_MIGRATION_LOCK: Final = 0x6F70656E667273_01
"""Advisory lock held while the schema is checked and migrated."""

_PRESENCE_LOCK: Final = 0x6F70656E667273_02
"""Advisory lock held, shared, by every connection of every node."""

_JOB_LOCKS: Final = 0x6F667273
"""The first half of the advisory lock of a job; a hash of the job's name is the second."""

_READERS: Final = (4, 12)
_WRITERS: Final = (2, 6)
"""Pool size and overflow of each process. Two pools, so that reads never wait for writes that wait for a lock."""

_CONNECTION: Final = {
    "application_name": "openfrs",
    "connect_timeout": "5",
    # a server that vanishes without closing its connections is detected within 30 seconds
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "options": "-c statement_timeout=60s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
}
"""Default parameters for libpq; the URL overrides them."""

_ENVIRONMENT_STATES = (
    "08",  # connection exception
    "25006",  # read-only transaction, as on a standby
    "25P03",  # idle in transaction for too long
    "53",  # out of disk, memory or connections
    "55P03",  # lock timeout
    "57",  # shutdown, start-up, statement timeout
    "58",  # system error, such as of the disk
    "XX",  # internal error, such as a damaged page
)
"""SQLSTATE codes and classes of errors caused by the server or the network, not by the program."""

_CONFLICT_STATES = ("40001", "40P01")


class PostgresqlDatabase(Database):
    """A database on a PostgreSQL server."""

    def __init__(self, url: str, *, exclusive: bool = False) -> None:
        """Connect, and migrate the schema; with ``exclusive`` no other node can connect until the database is closed.

        Raises:
            OperatorError: the server is unreachable, the database cannot be used or was written by a newer release, or
                ``exclusive`` is set and other nodes are connected.
        """
        super().__init__()
        parsed = _parse_url(url)
        self._location = parsed.set(query={}).render_as_string(hide_password=True).replace("+psycopg", "")
        self._shared = not exclusive
        self._unpooled = create_engine(parsed, poolclass=NullPool)
        self._readers = _pooled_engine(parsed, *_READERS)
        self._writers = _pooled_engine(parsed, *_WRITERS)
        for engine in (self._readers, self._writers):
            event.listen(engine, "connect", self._configure)
        event.listen(self._readers, "begin", _begin_read)
        event.listen(self._writers, "begin", _begin_write)
        self._presence: Connection | None = None
        try:
            self._migrate()
            if exclusive:
                self._presence = self._lock_out_nodes()
            with self.read(), self.write():
                pass  # opens a connection of each pool: from now on no node can get exclusive use
        except StoreUnavailableError as error:
            self.close()
            raise OperatorError(f"{self._location} cannot be used as a database: {error}") from error
        except DBAPIError as error:
            self.close()
            raise OperatorError(f"{self._location} cannot be used as a database: {_one_line(error.orig)}") from error
        except BaseException:
            self.close()
            raise

    def __str__(self) -> str:
        return self._location

    @contextmanager
    def _open_snapshot(self, *, wait: bool = True) -> Iterator[Connection]:  # noqa: ARG002  # a server always takes time
        with _environment_errors(), _begun(self._readers) as connection, _discarded_if_lost(connection):
            yield connection
            _run_command(connection, b"ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that may write: durable when the block ends, rolled back if the block raises.

        Raises:
            StoreConflictError: the server rolled the transaction back in favour of another one.
            StoreUnavailableError
        """
        with _environment_errors(), _begun(self._writers) as connection, _discarded_if_lost(connection):
            yield connection
            connection.commit()

    def compact(self) -> None:
        """Rewrite the tables of faces, templates and keys. Their readers and writers wait.

        Raises:
            StoreUnavailableError
        """
        with _environment_errors(), self._autocommit() as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            for table in ("templates", "faces", "tombstones", "project_keys"):
                connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table}")

    def truncate_log(self) -> bool:
        """Do nothing, and return True: the server manages its write-ahead log itself."""
        return True

    @contextmanager
    def exclusive(self, job: str) -> Iterator[bool]:
        """Try to lock a job among all nodes, on a separate connection; yield whether this process holds the lock.

        Raises:
            StoreUnavailableError
        """
        with _environment_errors(), self._autocommit() as connection:
            lock = text("SELECT pg_try_advisory_lock(:jobs, hashtext(:job))")
            yield bool(connection.scalar(lock, {"jobs": _JOB_LOCKS, "job": job}))

    def close(self) -> None:
        """Close every connection."""
        if self._presence is not None:
            self._presence.close()
        for engine in (self._readers, self._writers, self._unpooled):
            engine.dispose()

    def _autocommit(self) -> Connection:
        return self._unpooled.connect().execution_options(isolation_level="AUTOCOMMIT")

    def _migrate(self) -> None:
        """Create or migrate the schema. Other nodes that start at the same time wait."""
        with _environment_errors(), self._unpooled.begin() as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
            if encoding != "UTF8":
                raise OperatorError(f"{self._location} has the encoding {encoding}; create it with UTF8")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")

            def preserve(schema: str) -> str:
                if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_PRESENCE_LOCK})").scalar():
                    raise OperatorError(
                        f"{self._location} has schema {schema} of an older release, whose nodes are running: stop them first"
                    )
                return "to return to the older release, restore a dump"

            migrate(connection, self._location, preserve)

    def _lock_out_nodes(self) -> Connection:
        """Return a connection whose lock keeps every other node out."""
        with _environment_errors():
            connection = self._autocommit()
            if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_PRESENCE_LOCK})").scalar():
                connection.close()
                raise OperatorError("other OpenFRS processes use the database: stop them first")
            return connection

    def _configure(self, connection: Any, _record: object) -> None:
        """Make a new connection take the presence lock, and commit durably."""
        connection.autocommit = True  # no transactions by the driver: _begin_read and _begin_write open them
        if self._shared:
            (present,) = connection.execute(f"SELECT pg_try_advisory_lock_shared({_PRESENCE_LOCK})").fetchone()
            if not present:
                raise StoreUnavailableError("another OpenFRS process has exclusive use of it")
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )


class PostgresqlSnapshots(SnapshotSource):
    """Snapshots of a database with any schema, which is not migrated. Each snapshot opens a connection."""

    def __init__(self, url: str) -> None:
        """Parse the URL.

        Raises:
            OperatorError: the text is not the URL of a database, or the driver is missing.
        """
        self._engine = create_engine(_parse_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        event.listen(self._engine, "begin", _begin_read)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that sees one snapshot, taken at its first statement.

        Raises:
            StoreUnavailableError
        """
        with _environment_errors(), _begun(self._engine) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


@contextmanager
def _environment_errors() -> Iterator[None]:
    """Convert errors of the server and the network to store errors; errors of the program pass unchanged."""
    try:
        yield
    except DBAPIError as error:
        _raise_store_error(error.orig, error)
        raise
    except _driver_errors() as error:
        _raise_store_error(error, error)
        raise
    except PoolTimeoutError as error:
        raise StoreUnavailableError("no database connection is free") from error


def _raise_store_error(error: BaseException | None, cause: Exception) -> None:
    """Raise the store error for an error of the driver; return if it is an error of the program."""
    state, message = getattr(error, "sqlstate", None), _one_line(error)
    if state in _CONFLICT_STATES:
        raise StoreConflictError(message) from cause
    if state is None and type(error).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}:
        raise StoreUnavailableError(message) from cause  # no reply from the server, so no state
    if state is not None and state.startswith(_ENVIRONMENT_STATES):
        raise StoreUnavailableError(message) from cause


def _driver_errors() -> tuple[type[Exception], ...]:
    """Return the class of the driver's own errors, which prepared statements raise."""
    try:
        from psycopg import Error  # an optional dependency
    except ImportError:
        return ()
    return (Error,)


@contextmanager
def _discarded_if_lost(connection: Connection) -> Iterator[None]:
    """Take a connection out of its pool if the driver finds that the server has closed it; SQLAlchemy sees only its own errors."""
    try:
        yield
    except _driver_errors():
        if _is_lost(connection):
            connection.invalidate()
        raise


def _begin_read(connection: Connection) -> None:
    _run_command(connection, b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _begin_write(connection: Connection) -> None:
    _run_command(connection, b"BEGIN ISOLATION LEVEL READ COMMITTED")


def _run_command(connection: Connection, command: bytes) -> None:
    """Run a command in one call of libpq. The driver's own way takes longer, because it polls for the reply."""
    import psycopg  # an optional dependency
    from psycopg import pq

    driver: Any = connection.connection.driver_connection
    result = driver.pgconn.exec_(command)
    if result.status != pq.ExecStatus.COMMAND_OK:
        if driver.closed:
            raise psycopg.OperationalError(driver.pgconn.get_error_message() or "the connection was lost")
        raise psycopg.errors.error_from_result(result)


def _begun(engine: Engine) -> Connection:
    """Return a connection in a transaction that the server has begun.

    A pooled connection that was lost fails at its BEGIN, before any work, and is replaced by a new one. So a restarted server is
    found again without a check of each connection before its use.
    """
    connection = engine.connect()
    try:
        connection.begin()
    except _driver_errors():
        if not _is_lost(connection):
            connection.close()
            raise
        connection.invalidate()
        connection.close()
        connection = engine.connect()
        connection.begin()
    return connection


def _is_lost(connection: Connection) -> bool:
    return not connection.invalidated and getattr(connection.connection.driver_connection, "closed", True)


def _parse_url(url: str) -> URL:
    try:
        import psycopg  # noqa: F401  # an optional dependency
    except ImportError:
        raise missing_extra("PostgreSQL needs its driver, which is not installed", "postgresql") from None
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise OperatorError("setting database: expected a URL such as postgresql://user@host/name") from None
    return parsed.set(drivername="postgresql+psycopg", query={**_CONNECTION, **parsed.query})


def _pooled_engine(url: URL, size: int, overflow: int) -> Engine:
    return create_engine(url, pool_size=size, max_overflow=overflow, pool_timeout=10)


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
