"""Liveness sessions: the service itself says what to do, so that a video recorded earlier is of no use."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from openfrs.core.clock import Clock, utc_now
from openfrs.core.errors import ServiceError
from openfrs.store.liveness_sessions import LivenessSession, LivenessSessionRepository

from .action import ActionLiveness, ActionRequest
from .gestures import HEAD, Action

KINDS: Final = tuple(sorted(HEAD))
"""Among which actions are chosen when nobody says: those that are recognised best."""


@dataclass(frozen=True, slots=True)
class SessionResult:
    """What came of a session: whether a person was there, how sure each action is, warning codes."""

    alive: bool
    actions: tuple[tuple[Action, float], ...]
    warnings: tuple[int, ...]


class LivenessSessions:
    """Sessions of all projects, kept in the database, so that any process can go on with one."""

    def __init__(
        self,
        repository: LivenessSessionRepository,
        liveness: ActionLiveness,
        life: timedelta,
        clock: Clock = utc_now,
    ) -> None:
        self._repository = repository
        self._liveness = liveness
        self._life = life
        self._clock = clock

    def create(self, project_id: str, count: int, kinds: Sequence[Action], *, mirrored: bool) -> LivenessSession:
        """A session with ``count`` actions chosen at random among ``kinds``, none twice in a row where there is a choice.

        Raises:
            StoreUnavailableError
        """
        actions: list[Action] = []
        for _ in range(count):
            others = [kind for kind in kinds if kind not in actions[-1:]]
            actions.append(secrets.choice(others or list(kinds)))
        now = self._clock()
        session = LivenessSession(secrets.token_hex(16), project_id, tuple(actions), mirrored, now + self._life)
        self._repository.add(session, now)
        return session

    async def submit(self, project_id: str, session_id: str, video: bytes) -> None:
        """Judge a session's one video. Whatever comes of it, the session takes no other.

        Raises:
            ServiceError: ``FRS.0703`` there is no such session, it has had its video, or has expired; and as
                :meth:`ActionLiveness.judge`.
        """
        session = await asyncio.to_thread(self._repository.take, project_id, session_id, self._clock())
        if session is None:
            raise _gone()
        asked = ActionRequest(tuple(map(Action, session.actions)), mirrored=session.mirrored)
        verdict = await self._liveness.judge(video, asked)
        result = {
            "alive": verdict.alive,
            "actions": [[int(action), confidence] for action, confidence in verdict.actions],
            "warnings": [int(warned) for warned in verdict.warnings],
        }
        await asyncio.to_thread(self._repository.finish, session_id, result, self._clock() + self._life)

    def result(self, project_id: str, session_id: str) -> SessionResult:
        """What came of a session; it can be read once.

        Raises:
            ServiceError: ``FRS.0703`` there is nothing to read, or no longer.
        """
        result = self._repository.result(project_id, session_id, self._clock())
        if result is None:
            raise _gone()
        return _read(result)


def _read(result: Mapping[str, Any]) -> SessionResult:
    return SessionResult(
        alive=result["alive"],
        actions=tuple((Action(action), confidence) for action, confidence in result["actions"]),
        warnings=tuple(result["warnings"]),
    )


def _gone() -> ServiceError:
    return ServiceError("FRS.0703", "there is no such session, or no longer")
