"""All queries about liveness sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, update

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

_sessions = tables.liveness_sessions


@dataclass(frozen=True, slots=True)
class LivenessSession:
    """The actions that a person must perform before the session expires. A mirrored video has left and right exchanged."""

    id: str
    project_id: str
    actions: tuple[int, ...]
    mirrored: bool
    expires_at: datetime


class LivenessSessionRepository:
    """All queries about liveness sessions. Each receives the current time, so that a test or a caller controls the clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retry_on_conflict
    def add(self, session: LivenessSession, now: datetime) -> None:
        """Write a session, and delete the expired ones."""
        with self._database.write() as connection:
            connection.execute(delete(_sessions).where(_sessions.c.expires_at <= now))
            connection.execute(
                insert(_sessions).values(
                    id=session.id,
                    project_id=session.project_id,
                    actions=list(session.actions),
                    mirrored=session.mirrored,
                    expires_at=session.expires_at,
                    used=False,
                )
            )

    @retry_on_conflict
    def claim(self, project_id: str, session_id: str, now: datetime) -> LivenessSession | None:
        """Return a session for its only video, to one caller; None if it is unknown, expired or already claimed."""
        with self._database.write() as connection:
            row = connection.execute(
                update(_sessions)
                .where(
                    _sessions.c.id == session_id,
                    _sessions.c.project_id == project_id,
                    _sessions.c.expires_at > now,
                    _sessions.c.used.is_(False),
                )
                .values(used=True)
                .returning(_sessions)
            ).one_or_none()
        if row is None:
            return None
        return LivenessSession(row.id, row.project_id, tuple(row.actions), row.mirrored, row.expires_at)

    @retry_on_conflict
    def store_result(self, session_id: str, result: Mapping[str, Any], expires_at: datetime) -> None:
        """Store the result of a session's video until ``expires_at``."""
        with self._database.write() as connection:
            connection.execute(
                update(_sessions).where(_sessions.c.id == session_id).values(result=dict(result), expires_at=expires_at)
            )

    @retry_on_conflict
    def pop_result(self, project_id: str, session_id: str, now: datetime) -> Mapping[str, Any] | None:
        """Return the result of a session and delete the session; None if there is no result, or it has expired."""
        with self._database.write() as connection:
            row = connection.execute(
                delete(_sessions)
                .where(
                    _sessions.c.id == session_id,
                    _sessions.c.project_id == project_id,
                    _sessions.c.expires_at > now,
                    _sessions.c.result.is_not(None),
                )
                .returning(_sessions.c.result)
            ).one_or_none()
        return None if row is None else row.result
