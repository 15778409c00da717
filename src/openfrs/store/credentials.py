"""All queries about access keys and revoked tokens."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

_keys, _revoked = tables.access_keys, tables.revoked_tokens


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that signs requests; ``secret`` is encrypted."""

    access_key: str
    user_id: str
    secret: bytes = field(repr=False)
    created_at: datetime
    last_used_at: datetime | None = None


class CredentialRepository:
    """The part of the queries about accounts that concerns access keys and revoked tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # access keys

    def find_access_key(self, access_key: str) -> AccessKey | None:
        """Return an access key, or None."""
        return next(iter(self._find_keys(_keys.c.access_key == access_key)), None)

    def list_access_keys(self, user_id: str) -> list[AccessKey]:
        """Return the access keys of a user, oldest first."""
        return self._find_keys(_keys.c.user_id == user_id)

    @retry_on_conflict
    def delete_access_key(self, access_key: str) -> bool:
        """Delete an access key. Return False if there was none."""
        with self._database.write() as connection:
            return connection.execute(delete(_keys).where(_keys.c.access_key == access_key)).rowcount > 0

    @retry_on_conflict
    def record_access_key_use(self, access_key: str, used_at: datetime) -> None:
        """Record when an access key was last used."""
        with self._database.write() as connection:
            connection.execute(update(_keys).where(_keys.c.access_key == access_key).values(last_used_at=used_at))

    # revoked tokens

    @retry_on_conflict
    def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        """Record a token as revoked."""
        with suppress(IntegrityError), self._database.write() as connection:  # already revoked
            connection.execute(insert(_revoked).values(token_id=token_id, expires_at=expires_at))

    @retry_on_conflict
    def delete_expired_revocations(self, now: datetime) -> None:
        """Delete the records of revoked tokens that have expired."""
        with self._database.write() as connection:
            connection.execute(delete(_revoked).where(_revoked.c.expires_at < now))

    def _find_keys(self, where: ColumnElement[bool]) -> list[AccessKey]:
        with self._database.read() as connection:
            rows = connection.execute(select(_keys).where(where).order_by(_keys.c.created_at)).all()
        return [AccessKey(row.access_key, row.user_id, row.secret, row.created_at, row.last_used_at) for row in rows]
