"""Liveness sessions: the service chooses the actions, so a previously recorded video does not pass."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from openfrs.core.clock import Clock, utc_now
from openfrs.core.errors import ServiceError
from openfrs.core.threads import run_write
from openfrs.store.liveness_sessions import LivenessSession, LivenessSessionRepository

from .checks import ActionLiveness
from .types import HEAD_ACTIONS, Action, ActionRequest

DEFAULT_ACTIONS: Final = tuple(sorted(HEAD_ACTIONS))
"""Actions to choose from by default: those with the highest recognition rate."""


@dataclass(frozen=True, slots=True)
class SessionResult:
    """The result of a session: liveness, the confidence of each action (0..1), and warning codes with their nearest ones of FRS."""

    alive: bool
    actions: tuple[tuple[Action, float], ...]
    warnings: tuple[int, ...]


class LivenessSessions:
    """Sessions of all projects. They are stored in the database, so any process can continue one."""

    def __init__(
        self,
        repository: LivenessSessionRepository,
        liveness: ActionLiveness,
        lifetime: timedelta,
        clock: Clock = utc_now,
    ) -> None:
        self._repository = repository
        self._liveness = liveness
        self._lifetime = lifetime
        self._clock = clock

    def create(self, project_id: str, count: int, kinds: Sequence[Action], *, mirrored: bool) -> LivenessSession:
        """Create a session of ``count`` actions, chosen at random from ``kinds`` and not repeated in a row if there are several.

        Raises:
            StoreUnavailableError: the database is unavailable.
        """
        actions: list[Action] = []
        for _ in range(count):
            choices = [kind for kind in kinds if kind not in actions[-1:]]
            actions.append(secrets.choice(choices or list(kinds)))
        now = self._clock()
        session = LivenessSession(secrets.token_hex(16), project_id, tuple(actions), mirrored, now + self._lifetime)
        self._repository.add(session, now)
        return session

    async def submit(self, project_id: str, session_id: str, video: bytes) -> None:
        """Check the video of a session. A session accepts one video, even if checking it fails.

        Raises:
            ServiceError: ``FRS.0703`` the session does not exist, has expired or already received a video; and as
                :meth:`ActionLiveness.check`.
        """
        session = await run_write(self._repository.claim, project_id, session_id, self._clock())
        if session is None:
            raise _no_session()
        request = ActionRequest(tuple(map(Action, session.actions)), mirrored=session.mirrored)
        decision = await self._liveness.check(video, request)
        result = {
            "alive": decision.alive,
            "actions": [[int(action), confidence] for action, confidence in decision.actions],
            "warnings": sorted({int(code) for each in decision.warnings for code in (each, each.frs_code)}),
        }
        await run_write(self._repository.store_result, session_id, result, self._clock() + self._lifetime)

    def result(self, project_id: str, session_id: str) -> SessionResult:
        """Return the result of a session, once.

        Raises:
            ServiceError: ``FRS.0703`` the session does not exist, has expired, has no result yet, or was already read.
        """
        result = self._repository.pop_result(project_id, session_id, self._clock())
        if result is None:
            raise _no_session()
        return _session_result(result)


def _session_result(result: Mapping[str, Any]) -> SessionResult:
    return SessionResult(
        alive=result["alive"],
        actions=tuple((Action(action), confidence) for action, confidence in result["actions"]),
        warnings=tuple(result["warnings"]),
    )


def _no_session() -> ServiceError:
    return ServiceError("FRS.0703", "the session does not exist or has expired")
