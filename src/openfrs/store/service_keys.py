"""The service's keys in the database that several nodes share, encrypted with the master key."""

from collections.abc import Callable

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from openfrs.core.crypto import Cipher, DecryptionError
from openfrs.core.errors import OperatorError
from openfrs.store.db import tables
from openfrs.store.db.base import Database, SnapshotSource
from openfrs.store.db.errors import StoreUnavailableError, retry_on_conflict

_keys = tables.service_keys
_ROW = 1
_CONTEXT = b"openfrs service keys 1"
_MIGRATING = b"openfrs: a data directory is being moved here"
"""Marks a database that is the target of an unfinished migration, in place of the keys."""


class ServiceKeyRepository:
    """All queries about the service's keys, which are one text."""

    def __init__(self, database: Database, master_key: bytes) -> None:
        self._database = database
        self._master_key = master_key

    def read(self) -> str | None:
        """Return the text, or None if there is none yet.

        Raises:
            StoreUnavailableError: the text was encrypted with another master key.
        """
        return read_service_keys(self._database, self._master_key)

    @retry_on_conflict
    def create(self, text: str) -> None:
        """Write the text if there is none. If several nodes do so at once, the first one wins."""
        try:
            with self._database.write() as connection:
                connection.execute(insert(_keys).values(id=_ROW, sealed=_encrypt(self._master_key, text)))
        except IntegrityError:
            pass  # another node was first

    @retry_on_conflict
    def update(self, edit: Callable[[str], str]) -> None:
        """Replace the text with the result of ``edit``, which receives the current text."""
        with self._database.write() as connection:
            text = _decrypt(self._master_key, connection.scalars(select(_keys.c.sealed).with_for_update()).one())
            connection.execute(update(_keys).values(sealed=_encrypt(self._master_key, edit(text))))


def read_service_keys(source: SnapshotSource, master_key: bytes) -> str | None:
    """Return the text of the service's keys, or None if there is none yet.

    Raises:
        StoreUnavailableError: the text was encrypted with another master key.
    """
    with source.read() as connection:
        sealed = connection.scalar(select(_keys.c.sealed))
    return None if sealed is None else _decrypt(master_key, sealed)


def read_sealed_by_keys(connection: Connection) -> tuple[bool, bytes | None]:
    """Return whether there are accounts, which are created after the keys, and the encrypted secret of an access key, if any."""
    has_accounts = connection.scalar(select(tables.domains.c.id).limit(1)) is not None
    newest = select(tables.access_keys.c.secret).order_by(tables.access_keys.c.created_at.desc()).limit(1)
    return has_accounts, connection.scalar(newest)


def begin_migration(database: Database) -> None:
    """Mark an empty database as the target of a migration, so that no node starts on it before the migration is complete.

    Raises:
        OperatorError: the database is not empty.
    """
    with database.write() as connection:
        sealed = connection.scalar(select(_keys.c.sealed).with_for_update())
        if sealed == _MIGRATING:
            return
        if sealed is not None or connection.scalar(select(tables.domains.c.id).limit(1)) is not None:
            raise OperatorError("the database is not empty: move the data directory into an empty one")
        connection.execute(insert(_keys).values(id=_ROW, sealed=_MIGRATING))


def complete_migration(database: Database, master_key: bytes, text: str) -> None:
    """Write the keys in place of the mark of :func:`begin_migration`. From then on nodes can start on the database."""
    with database.write() as connection:
        connection.execute(update(_keys).values(sealed=_encrypt(master_key, text)))


def require_no_migration(database: Database) -> None:
    """Check that the database is not the target of an unfinished migration.

    Raises:
        OperatorError: it is.
    """
    with database.read() as connection:
        if connection.scalar(select(_keys.c.sealed)) == _MIGRATING:
            raise OperatorError(
                "a data directory is being moved into the database: complete openfrs migrate-store first"
            )


def change_master_key(connection: Connection, old: bytes, new: bytes) -> None:
    """Encrypt the service's keys, if there are any, with another master key."""
    sealed = connection.scalar(select(_keys.c.sealed).with_for_update())
    if sealed is not None:
        connection.execute(update(_keys).values(sealed=_encrypt(new, _decrypt(old, sealed))))


def _encrypt(master_key: bytes, text: str) -> bytes:
    return Cipher(master_key).wrap(text.encode(), _CONTEXT)


def _decrypt(master_key: bytes, sealed: bytes) -> str:
    try:
        return Cipher(master_key).unwrap(sealed, _CONTEXT).decode()
    except DecryptionError:
        raise StoreUnavailableError(
            "the service keys cannot be decrypted with this master key; set the one they were encrypted with"
        ) from None
