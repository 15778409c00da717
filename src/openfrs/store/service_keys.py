"""The service's own keys in the database that several nodes share, encrypted by the master key."""

from collections.abc import Callable

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from openfrs.core.crypto import Cipher, DecryptionError
from openfrs.core.errors import OperatorError
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError, repeated

from .db import tables

_keys = tables.service_keys
_ROW = 1
_CONTEXT = b"openfrs service keys 1"
_AWAITED = b"openfrs: a data directory is being moved here"
"""In place of keys that are still to come, with the last of what comes with them."""


class ServiceKeyRepository:
    """One text that all nodes share and none but they can read."""

    def __init__(self, database: Database, master_key: bytes) -> None:
        self._database = database
        self._master_key = master_key

    def read(self) -> str | None:
        """The text; None if there is none yet.

        Raises:
            StoreUnavailableError: it was written with another master key.
        """
        with self._database.read() as connection:
            sealed = connection.scalar(select(_keys.c.sealed))
        return None if sealed is None else _opened(self._master_key, sealed)

    def make(self, text: str) -> None:
        """Write the text where there is none; of several nodes that do so one wins."""
        try:
            with self._database.write() as connection:
                connection.execute(insert(_keys).values(id=_ROW, sealed=_sealed(self._master_key, text)))
        except IntegrityError:
            pass  # another node was first

    @repeated
    def change(self, work: Callable[[str], str]) -> None:
        """Put another text in its place, made of the one that is there."""
        with self._database.write() as connection:
            text = _opened(self._master_key, connection.scalars(select(_keys.c.sealed).with_for_update()).one())
            connection.execute(update(_keys).values(sealed=_sealed(self._master_key, work(text))))


def await_keys(database: Database) -> None:
    """Let no node use a database until it has all that is to be moved into it, and then its keys.

    Raises:
        OperatorError: there is something in it that was not moved.
    """
    with database.write() as connection:
        sealed = connection.scalar(select(_keys.c.sealed).with_for_update())
        if sealed == _AWAITED:
            return
        if sealed is not None or connection.scalar(select(tables.domains.c.id).limit(1)) is not None:
            raise OperatorError("the database is not empty: move the data directory into an empty one")
        connection.execute(insert(_keys).values(id=_ROW, sealed=_AWAITED))


def bring_keys(database: Database, master_key: bytes, text: str) -> None:
    """Put the keys there that were awaited: nodes may use the database."""
    with database.write() as connection:
        connection.execute(update(_keys).values(sealed=_sealed(master_key, text)))


def require_whole(database: Database) -> None:
    """See that nothing is still being moved into a database.

    Raises:
        OperatorError: something is.
    """
    with database.read() as connection:
        if connection.scalar(select(_keys.c.sealed)) == _AWAITED:
            raise OperatorError(
                "a data directory is being moved into the database: let openfrs migrate-store end first"
            )


def rewrap(connection: Connection, old: bytes, new: bytes) -> None:
    """Encrypt the text, if there is one, by another master key."""
    sealed = connection.scalar(select(_keys.c.sealed).with_for_update())
    if sealed is not None:
        connection.execute(update(_keys).values(sealed=_sealed(new, _opened(old, sealed))))


def _sealed(master_key: bytes, text: str) -> bytes:
    return Cipher(master_key).wrap(text.encode(), _CONTEXT)


def _opened(master_key: bytes, sealed: bytes) -> str:
    try:
        return Cipher(master_key).unwrap(sealed, _CONTEXT).decode()
    except DecryptionError:
        raise StoreUnavailableError("the keys of the service cannot be read with this master key") from None
