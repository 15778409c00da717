"""Protection of data from a clock that runs far ahead: what expires is deleted only while the clock is plausible."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from openfrs.core.clock import Clock
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

_watch = tables.clock_watch

PLAUSIBLE: Final = timedelta(days=1)
"""How far a clock may be beyond the newest write, and how long it must run evenly to be trusted nevertheless."""

_DATED: Final = (
    tables.projects.c.created_at,
    tables.face_sets.c.created_at,
    tables.faces.c.created_at,
    tables.deletions.c.deleted_at,
    tables.access_keys.c.created_at,
    tables.access_keys.c.last_used_at,
)


@dataclass(frozen=True, slots=True)
class ClockHold:
    """A clock that is not trusted before ``until``."""

    now: datetime
    newest_write: datetime
    until: datetime

    def __str__(self) -> str:
        ahead = self.now - self.newest_write
        return (
            f"the clock ({self.now:%Y-%m-%d %H:%M} UTC) is {ahead.days:,} days beyond the newest write "
            f"({self.newest_write:%Y-%m-%d %H:%M} UTC)"
        )


class ClockWatch:
    """Decides whether the clock is plausible, for all processes that use a database.

    :meth:`check` is called every hour and records the time. A clock that is then more than ``PLAUSIBLE`` beyond the record may be
    wrong, or the service was stopped for longer. It is trusted again after it has run evenly for ``PLAUSIBLE``, or when the
    operator says so.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def check(self) -> ClockHold | None:
        """Record the time and return None; return the reason if the clock is not plausible.

        Raises:
            StoreUnavailableError
        """
        self._ensure_record()
        return self._check()

    @retry_on_conflict
    def trust(self) -> None:
        """Accept the clock as it is.

        Raises:
            StoreUnavailableError
        """
        self._ensure_record()
        with self._database.write() as connection:
            _record(connection, trusted_at=self._clock(), held_since=None, held_at=None)

    @retry_on_conflict
    def _ensure_record(self) -> None:
        with self._database.read() as connection:
            if connection.scalar(select(_watch.c.id)) is not None:
                return
            times = [connection.scalar(select(func.max(column))) for column in _DATED]
        newest = max((time for time in times if time is not None), default=self._clock())
        try:
            with self._database.write() as connection:
                connection.execute(insert(_watch).values(id=1, trusted_at=newest))
        except IntegrityError:
            pass  # another process was first

    @retry_on_conflict
    def _check(self) -> ClockHold | None:
        now = self._clock()
        with self._database.write() as connection:
            row = connection.execute(select(_watch).with_for_update()).one()
            if now <= row.trusted_at + PLAUSIBLE:
                _record(connection, trusted_at=now, held_since=None, held_at=None)
                return None
            is_even = row.held_at is not None and row.held_since <= now and abs(now - row.held_at) <= PLAUSIBLE
            since = row.held_since if is_even else now
            if now - since >= PLAUSIBLE:
                _record(connection, trusted_at=now, held_since=None, held_at=None)
                return None
            _record(connection, held_since=since, held_at=now)
        return ClockHold(now, row.trusted_at, since + PLAUSIBLE)


def _record(connection: Connection, **values: datetime | None) -> None:
    connection.execute(update(_watch).values(**values))
