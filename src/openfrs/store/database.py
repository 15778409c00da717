"""The SQL database: connections, transactions, schema version."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError

from ..errors import OperatorError

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledged write is on the disk
    "foreign_keys=ON",
    "secure_delete=ON",  # a deleted template is overwritten, not only unlinked
    "busy_timeout=10000",
)


class Database:
    """A SQLite database in one file, brought to the current schema when opened.

    Reads see one snapshot each and never wait; writes take turns.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the database.

        Raises:
            OperatorError: the file is no database of this service, is damaged, or was written by a newer release.
        """
        self._engine = create_engine(f"sqlite:///{path}", pool_size=16, max_overflow=48)
        self._writing = threading.Lock()
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            self._migrate(path)
        except DatabaseError as error:
            self.close()
            raise OperatorError(f"{path} cannot be used as a database: {error.orig}") from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees the database as it was at its first statement."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection that alone may write; what it did is durable when the block ends, undone if it raises."""
        with (
            self._writing,
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Close every connection; the write-ahead log goes into the database file."""
        self._engine.dispose()

    def _migrate(self, path: Path) -> None:
        config = Config()
        config.set_main_option("script_location", "openfrs.store:migrations")
        scripts = ScriptDirectory.from_config(config)
        with self.write() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            known = {script.revision for script in scripts.walk_revisions()}
            if current is not None and current not in known:
                raise OperatorError(f"{path} was written by a newer release of OpenFRS (schema {current})")
            if current != scripts.get_current_head():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own transaction handling off: _begin does it
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
