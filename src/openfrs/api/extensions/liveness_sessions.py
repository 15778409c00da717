"""Liveness sessions, which FRS does not have: the service chooses what the person is to do."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Reader, ServicesDependency
from openfrs.api.openapi.document import body_of
from openfrs.api.requests.body import Input, read_input
from openfrs.api.requests.uploads import VideoInput, parse_actions, uploaded_video
from openfrs.recognition.liveness.sessions import DEFAULT_ACTIONS
from openfrs.store.liveness_sessions import LivenessSession

router = APIRouter(prefix="/liveness-sessions", tags=["liveness"])

SessionId = Annotated[str, Path(description="Id of the session.")]


class SessionInput(Input):
    """What to ask of a person."""

    count: Annotated[int, Field(ge=1, le=5)] = 2
    kinds: str | None = None
    """Codes of the actions to choose among, joined by commas; the head's own (1, 2, 3) if none are given."""

    mirrored: bool = False
    """Whether the video will show the person as a mirror does."""


class SessionResponse(BaseModel):
    """What the person is to do, in this order, until when (UTC)."""

    session_id: str
    actions: list[int]
    mirrored: bool
    expires_at: str

    @classmethod
    def of(cls, value: LivenessSession) -> "SessionResponse":
        """A session as the wire writes it."""
        return cls(
            session_id=value.id,
            actions=list(value.actions),
            mirrored=value.mirrored,
            expires_at=value.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )


class SubmittedResponse(BaseModel):
    """The session whose video has been judged."""

    session_id: str


class SessionAction(BaseModel):
    """An action that was asked for, and how sure it is that it was done, 0..1."""

    action: int
    confidence: float


class SessionResultResponse(BaseModel):
    """What came of a session; ``warnings`` are the codes of action liveness."""

    alive: bool
    actions: list[SessionAction]
    warnings: list[int]


@router.post("", openapi_extra=body_of(SessionInput, multipart=False))
async def create_liveness_session(request: Request, services: ServicesDependency, principal: Reader) -> SessionResponse:
    """Choose at random what a person is to do."""
    given = await read_input(request, SessionInput, multipart=False)
    kinds = DEFAULT_ACTIONS if given.kinds is None else parse_actions(given.kinds)
    session = await run_in_threadpool(
        services.liveness_sessions.create, principal.project.id, given.count, kinds, mirrored=given.mirrored
    )
    return SessionResponse.of(session)


@router.post("/{session_id}/video", openapi_extra=body_of(VideoInput))
async def submit_liveness_video(
    request: Request, services: ServicesDependency, principal: Reader, session_id: SessionId
) -> SubmittedResponse:
    """Judge the session's one video. What came of it is not told here, where the person may see it."""
    given = await read_input(request, VideoInput)
    await services.liveness_sessions.submit(principal.project.id, session_id, await uploaded_video(given))
    return SubmittedResponse(session_id=session_id)


@router.get("/{session_id}/result")
async def read_liveness_result(
    services: ServicesDependency, principal: Reader, session_id: SessionId
) -> SessionResultResponse:
    """What came of the session; it can be read once."""
    found = await run_in_threadpool(services.liveness_sessions.result, principal.project.id, session_id)
    return SessionResultResponse(
        alive=found.alive,
        actions=[SessionAction(action=int(action), confidence=round(sure, 4)) for action, sure in found.actions],
        warnings=list(found.warnings),
    )
