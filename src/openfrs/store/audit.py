"""The audit log in the database that several nodes share. Entries are only appended, and pruned by age and size."""

from collections.abc import Collection, Generator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

_entries = tables.audit_entries
_BATCH_SIZE = 500
_PRUNED_BATCH_SIZE = 5000


class AuditRepository:
    """All queries about the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retry_on_conflict
    def add(self, entries: Sequence[tuple[datetime, str]], part: str) -> None:
        """Append entries, each with its time, to a part of the log."""
        with self._database.write() as connection:
            connection.execute(insert(_entries), [{"at": at, "entry": entry, "part": part} for at, entry in entries])

    def newest_first(self, parts: Collection[str] | None = None) -> Generator[str, None, None]:
        """Yield every entry of some parts, by default of all, newest first; the database is read in batches as needed."""
        query = select(_entries.c.entry).order_by(_entries.c.at.desc(), _entries.c.id.desc())
        if parts is not None:
            query = query.where(_entries.c.part.in_(parts))
        with (
            self._database.read() as connection,
            connection.execute(query, execution_options={"yield_per": _BATCH_SIZE}) as rows,
        ):
            yield from rows.scalars()

    def prune(self, part: str, *, before: datetime | None, max_length: int) -> None:
        """Delete the entries of a part from before a time, and the oldest ones that exceed a total length in characters.

        Raises:
            StoreUnavailableError
        """
        if before is not None:
            self._delete_before(part, before)
        newest_first = (_entries.c.at.desc(), _entries.c.id.desc())
        total = func.sum(func.length(_entries.c.entry)).over(order_by=newest_first).label("total")
        totals = select(_entries.c.at, total).where(_entries.c.part == part).subquery()
        with self._database.read() as connection:
            edge = connection.scalar(
                select(totals.c.at).where(totals.c.total > max_length).order_by(totals.c.total).limit(1)
            )
        if edge is not None:
            self._delete_before(part, edge + timedelta(microseconds=1))

    def _delete_before(self, part: str, before: datetime) -> None:
        while self._delete_batch(part, before) == _PRUNED_BATCH_SIZE:
            pass

    @retry_on_conflict
    def _delete_batch(self, part: str, before: datetime) -> int:
        oldest = (
            select(_entries.c.id)
            .where(_entries.c.part == part, _entries.c.at < before)
            .order_by(_entries.c.at)
            .limit(_PRUNED_BATCH_SIZE)
        )
        with self._database.write() as connection:
            return connection.execute(delete(_entries).where(_entries.c.id.in_(oldest))).rowcount
