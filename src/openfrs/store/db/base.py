"""The SQL database, whichever it is: snapshots to read, transactions to write, the schema brought up to date."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, inspect

HEAD = "0009"
"""The newest revision of the schema; see :mod:`openfrs.store.migrations`."""


class Database(ABC):
    """A database, brought to the current schema when opened."""

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees the database as it was at its first statement, and never waits for who writes.

        Raises:
            StoreUnavailableError
        """

    @abstractmethod
    def write(self) -> AbstractContextManager[Connection]:
        """A connection that may write; what it did is durable when the block ends, undone if it raises.

        Of two that write to one face set the second waits for the first from where it has locked the set's row on.

        Raises:
            StoreUnavailableError
        """

    @abstractmethod
    def compact(self) -> None:
        """Write the database anew, without what is left in it of what was deleted or moved. Nobody writes meanwhile.

        Raises:
            StoreUnavailableError
        """

    @abstractmethod
    def settle(self) -> bool:
        """See that the traces of what was deleted leave the log now rather than soon; False if a reader is in the way.

        Raises:
            StoreUnavailableError
        """

    @abstractmethod
    def turn(self, work: str) -> AbstractContextManager[bool]:
        """Whether this process has the turn at some work until the block ends; of all that use the database one has it.

        Who is killed loses it.

        Raises:
            StoreUnavailableError
        """

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""


def bring_up(connection: Connection, place: str, keep: Callable[[str], str]) -> None:
    """Bring the database, called ``place``, to the newest schema, within the connection's transaction.

    ``keep`` is given the schema of an older database before anything is changed, and says what it did to save it.

    Raises:
        OperatorError: the database was written by a newer release.
        StoreUnavailableError
    """
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if current != HEAD:
        from .schema import upgrade  # brings Alembic along, which takes long to load and is seldom needed

        upgrade(connection, current, place, keep)
