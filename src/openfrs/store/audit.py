"""The audit log in the database that several nodes share. Entries are only appended."""

from collections.abc import Generator, Sequence
from datetime import datetime

from sqlalchemy import insert, select

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

_entries = tables.audit_entries
_BATCH_SIZE = 500


class AuditRepository:
    """All queries about the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retry_on_conflict
    def add(self, entries: Sequence[tuple[datetime, str]]) -> None:
        """Append entries, each with its time."""
        with self._database.write() as connection:
            connection.execute(insert(_entries), [{"at": at, "entry": entry} for at, entry in entries])

    def newest_first(self) -> Generator[str, None, None]:
        """Yield every entry, newest first; the database is read in batches as needed."""
        query = select(_entries.c.entry).order_by(_entries.c.at.desc(), _entries.c.id.desc())
        with (
            self._database.read() as connection,
            connection.execute(query, execution_options={"yield_per": _BATCH_SIZE}) as rows,
        ):
            yield from rows.scalars()
