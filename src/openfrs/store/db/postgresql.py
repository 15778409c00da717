"""PostgreSQL: one database on a server, shared by any number of nodes.

Reads are snapshots (REPEATABLE READ, READ ONLY). Writes are READ COMMITTED and lock the row of what they change before they
look at it: who waited for a lock sees what the one before has committed, so the order of commits is the order of versions within
a face set, and face sets do not wait for each other.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from openfrs.core.errors import OperatorError

from .base import Database, bring_up
from .errors import StoreUnavailableError
from .postgresql_faults import server_faults

_MIGRATING: Final = 0x6F70656E667273_01
_PRESENT: Final = 0x6F70656E667273_02
"""Advisory locks: held while the schema is looked at and changed; shared by every connection of every node."""

_TURNS: Final = 0x6F667273
"""The first half of the advisory locks of turns; the work is the other."""

_READERS: Final = (4, 12)
_WRITERS: Final = (2, 6)
"""Connections kept open, and more of them at need, for each process. Apart, so that reads never wait for waiting writes."""

_CONNECTION: Final = {
    "application_name": "openfrs",
    "connect_timeout": "5",
    # a server that has vanished, rather than refused, is noticed after half a minute at most
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "options": "-c statement_timeout=60s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
}
"""What libpq is told unless the URL says otherwise."""

_IN_USE = "other OpenFRS processes use the database: stop them first"


class PostgresqlDatabase(Database):
    """A database on a PostgreSQL server."""

    def __init__(self, url: str, *, alone: bool = False) -> None:
        """Connect, and bring the schema up; ``alone`` keeps every other node out until it is closed.

        Raises:
            OperatorError: the server cannot be reached or the database not be used, it was written by a newer release, or others
                use it though they must not.
        """
        parsed = _parsed(url)
        self._place = parsed.set(query={}).render_as_string(hide_password=True).replace("+psycopg", "")
        self._shared = not alone
        self._once = create_engine(parsed, poolclass=NullPool)
        self._reading = _pooled(parsed, *_READERS)
        self._writing = _pooled(parsed, *_WRITERS)
        for engine in (self._reading, self._writing):
            event.listen(engine, "connect", self._prepare)
        event.listen(self._reading, "begin", _begin_reading)
        event.listen(self._writing, "begin", _begin_writing)
        self._holding: Connection | None = None
        try:
            self._bring_up()
            if alone:
                self._holding = self._hold()
            with self.read(), self.write():
                pass  # the first connection of each kind: nobody can have the database alone from now on
        except StoreUnavailableError as error:
            self.close()
            raise OperatorError(f"{self._place} cannot be used as a database: {error}") from error
        except DBAPIError as error:
            self.close()
            raise OperatorError(f"{self._place} cannot be used as a database: {_line(error.orig)}") from error
        except BaseException:
            self.close()
            raise

    def __str__(self) -> str:
        return self._place

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees the database as it was at its first statement.

        Raises:
            StoreUnavailableError
        """
        with server_faults(), _begun(self._reading) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection that may write; what it did is durable when the block ends, undone if it raises.

        Raises:
            StoreConflictError: it was undone so that another could go on.
            StoreUnavailableError
        """
        with server_faults(), _begun(self._writing) as connection:
            yield connection
            connection.commit()

    def compact(self) -> None:
        """Write the tables anew that templates and faces are in. Nobody reads or writes them meanwhile.

        Raises:
            StoreUnavailableError
        """
        with server_faults(), self._once.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("SET statement_timeout = 0")
            for table in ("templates", "faces", "tombstones", "project_keys"):
                connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table}")

    def settle(self) -> bool:
        """Nothing to do: the server writes its log by rules of its own."""
        return True

    @contextmanager
    def turn(self, work: str) -> Iterator[bool]:
        """Whether this process has the turn at some work until the block ends; it has a connection of its own for that.

        Raises:
            StoreUnavailableError
        """
        with server_faults(), self._once.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            lock = text("SELECT pg_try_advisory_lock(:turns, hashtext(:work))")
            yield bool(connection.scalar(lock, {"turns": _TURNS, "work": work}))

    def close(self) -> None:
        """Close every connection."""
        if self._holding is not None:
            self._holding.close()
        for engine in (self._reading, self._writing, self._once):
            engine.dispose()

    def _bring_up(self) -> None:
        """Create or migrate the schema; of several nodes that start one does it while the others wait."""
        with server_faults(), self._once.begin() as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
            if encoding != "UTF8":
                raise OperatorError(f"{self._place} has the encoding {encoding}; create it with UTF8")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")

            def keep(schema: str) -> str:
                if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_PRESENT})").scalar():
                    raise OperatorError(
                        f"{self._place} has schema {schema}, of an older release, and nodes of it are running: stop them first"
                    )
                return "a dump made before is the way back"

            bring_up(connection, self._place, keep)

    def _hold(self) -> Connection:
        """A connection that has the database to itself."""
        with server_faults():
            connection = self._once.connect().execution_options(isolation_level="AUTOCOMMIT")
            if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_PRESENT})").scalar():
                connection.close()
                raise OperatorError(_IN_USE)
            return connection

    def _prepare(self, connection: Any, _record: object) -> None:
        """Make a new connection one of this node's: seen by whoever wants the database alone, and durable in what it writes."""
        connection.autocommit = True  # the driver's own transaction handling off: _begin_... does it
        if self._shared:
            (present,) = connection.execute(f"SELECT pg_try_advisory_lock_shared({_PRESENT})").fetchone()
            if not present:
                raise StoreUnavailableError("another OpenFRS process has it to itself")
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )


class Snapshots(Database):
    """Snapshots of a database as it is, whatever its schema. It is neither brought up nor written to."""

    def __init__(self, url: str) -> None:
        """Connects with every snapshot.

        Raises:
            OperatorError: it is no URL of a database, or there is no driver.
        """
        self._engine = create_engine(_parsed(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        event.listen(self._engine, "begin", _begin_reading)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees the database as it is now.

        Raises:
            StoreUnavailableError
        """
        with server_faults(), _begun(self._engine) as connection:
            yield connection

    def write(self) -> AbstractContextManager[Connection]:
        """Nothing: there is no writing."""
        raise NotImplementedError

    def compact(self) -> None:
        """Nothing: there is no writing."""
        raise NotImplementedError

    def settle(self) -> bool:
        """Nothing to do: nothing was deleted."""
        return True

    def turn(self, work: str) -> AbstractContextManager[bool]:
        """Nothing: there is no work."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED")


def _begun(engine: Engine) -> Connection:
    """A connection in a transaction that the server has begun.

    One that was lost since it was last used shows it here, where nothing was done yet, and a new one takes its place. So a
    server that was started again is found again, without asking every connection first whether it is still good.
    """
    connection = engine.connect()
    try:
        connection.begin()
    except DBAPIError as error:
        connection.close()
        if not error.connection_invalidated:
            raise
        connection = engine.connect()
        connection.begin()
    return connection


def _parsed(url: str) -> URL:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise OperatorError("PostgreSQL needs its driver: pip install 'openfrs[postgresql]'") from None
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise OperatorError("setting database: it is no URL such as postgresql://user@host/name") from None
    return parsed.set(drivername="postgresql+psycopg", query={**_CONNECTION, **parsed.query})


def _pooled(url: URL, kept: int, more: int) -> Engine:
    return create_engine(url, pool_size=kept, max_overflow=more, pool_timeout=10)


def _line(error: object) -> str:
    return " ".join(str(error).split())
