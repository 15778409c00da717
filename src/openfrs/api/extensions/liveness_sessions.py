"""Liveness sessions: action liveness with actions that the service chooses at random."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request

from openfrs.api.auth import Reader
from openfrs.api.dependencies import FetcherDep, LivenessSessionsDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.refusals import BODY, VIDEO, refuses
from openfrs.api.requests.body import Input, read_input
from openfrs.api.requests.uploads import VideoInput, parse_actions, read_upload, uploaded_video
from openfrs.core.threads import run_write
from openfrs.recognition.liveness.sessions import DEFAULT_ACTIONS
from openfrs.store.liveness_sessions import LivenessSession

router = APIRouter(prefix="/liveness-sessions", tags=["liveness"])

SessionId = Annotated[str, Path(description="Id of the session.")]


class SessionInput(Input):
    """Options of a new session."""

    count: Annotated[int, Field(ge=1, le=5, description="Number of actions.")] = 2
    kinds: str | None = Field(
        None, description="Comma-separated codes of the actions to choose from; by default those of the head: 1, 2, 3."
    )
    mirrored: bool = Field(
        False, description="True if the video will be mirrored, as in the preview of a front camera."
    )


class SessionResponse(BaseModel):
    """The actions to perform, in order, before the session expires (UTC)."""

    session_id: str
    actions: list[int] = Field(description="Codes: 1 turn left, 2 turn right, 3 nod, 4 open the mouth, 5 blink.")
    mirrored: bool
    expires_at: str = Field(description="Time in UTC.")

    @classmethod
    def of(cls, value: LivenessSession) -> "SessionResponse":
        """Convert a session."""
        return cls(
            session_id=value.id,
            actions=list(value.actions),
            mirrored=value.mirrored,
            expires_at=value.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )


class SubmittedResponse(BaseModel):
    """The session whose video was judged."""

    session_id: str


class SessionAction(BaseModel):
    """A requested action and the confidence that it was performed, 0..1."""

    action: int
    confidence: float = Field(description="0..1")


class SessionResultResponse(BaseModel):
    """The result of a session, with the reasons against liveness as warning codes."""

    alive: bool = Field(description="True if the person performed the actions in front of the camera.")
    actions: list[SessionAction]
    warnings: list[int] = Field(
        description="Codes of FRS, and 201 to 203. 201: an action is missing or too small; 202: another order; 203: another "
        "turn or nod before the last action; with one of these also 6, their nearest code of FRS."
    )


@router.post("", responses=refuses(*BODY, "FRS.0702", "FRS.0704"), openapi_extra=body_of(SessionInput, multipart=False))
async def create_liveness_session(
    request: Request, sessions: LivenessSessionsDep, principal: Reader
) -> SessionResponse:
    """Create a session with random actions."""
    values = await read_input(request, SessionInput, multipart=False)
    kinds = DEFAULT_ACTIONS if values.kinds is None else parse_actions(values.kinds)
    session = await run_write(sessions.create, principal.project.id, values.count, kinds, mirrored=values.mirrored)
    return SessionResponse.of(session)


@router.post("/{session_id}/video", responses=refuses(*VIDEO, "FRS.0703"), openapi_extra=body_of(VideoInput))
async def submit_liveness_video(
    request: Request, sessions: LivenessSessionsDep, fetcher: FetcherDep, principal: Reader, session_id: SessionId
) -> SubmittedResponse:
    """Submit the one video of a session. The response does not contain the result: the person may be able to read it."""
    values = await read_upload(request, VideoInput, fetcher)
    await sessions.submit(principal.project.id, session_id, await uploaded_video(values))
    return SubmittedResponse(session_id=session_id)


@router.get("/{session_id}/result", responses=refuses("FRS.0703"))
async def read_liveness_result(
    sessions: LivenessSessionsDep, principal: Reader, session_id: SessionId
) -> SessionResultResponse:
    """Return the result of a session. It can be read only once."""
    result = await run_write(sessions.result, principal.project.id, session_id)
    return SessionResultResponse(
        alive=result.alive,
        actions=[
            SessionAction(action=int(action), confidence=round(confidence, 4)) for action, confidence in result.actions
        ],
        warnings=list(result.warnings),
    )
