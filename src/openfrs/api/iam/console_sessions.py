"""The console's session in a cookie, with which the page gets a token after it was loaded again.

The API itself takes no cookie. That of the session is sent to this path alone, never to scripts or with requests of other sites.
Every method requires a header that other sites cannot send. The routes are the console's own and not part of the document.
"""

from contextlib import suppress
from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from openfrs.accounts.audit.log import WRITE
from openfrs.api.auth import note_audited, note_write
from openfrs.api.dependencies import ConsoleSessionsDep
from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError
from openfrs.core.threads import run_write

from .catalog import IamCaller
from .tokens import token_response

PATH: Final = "/x/v1/console-session"

REQUIRED_HEADER: Final = "X-OpenFRS-Console"
"""A page of another site can send it only if the server allows it, which it never does."""

router = APIRouter(include_in_schema=False)


@router.post(PATH, status_code=204)
async def begin_console_session(request: Request, caller: IamCaller, sessions: ConsoleSessionsDep) -> Response:
    """Begin a session with the token in `X-Auth-Token`; the session expires with the token."""
    _require_console(request)
    token = request.headers.get("x-auth-token")
    if not token:
        raise ServiceError("IAM.401", "A session begins with a token.")
    await note_write(request, caller)
    sealed = await run_in_threadpool(sessions.begin, token)
    response = Response(status_code=204)
    set_session_cookie(request, response, sealed.text, int((sealed.expires_at - utc_now()).total_seconds()))
    return response


@router.get(PATH)
async def resume_console_session(request: Request, sessions: ConsoleSessionsDep) -> Response:
    """Return a token for the project `project_id`, or for another of the user; 204 without a cookie."""
    _require_console(request)
    text = request.cookies.get(_cookie_name(request))
    if not text:
        return Response(status_code=204)
    session = await run_in_threadpool(sessions.resume, text, request.query_params.get("project_id", ""))
    return token_response(request, session, 200)


@router.delete(PATH, status_code=204)
async def end_console_session(request: Request, sessions: ConsoleSessionsDep) -> Response:
    """End the session on the server: all tokens of its sign-in are revoked."""
    _require_console(request)
    text = request.cookies.get(_cookie_name(request))
    response = Response(status_code=204)
    if text:
        with suppress(ServiceError):  # the session has expired or ended
            note_audited(request, WRITE, await run_write(sessions.end, text))
        set_session_cookie(request, response, "", 0)
    return response


def _require_console(request: Request) -> None:
    """Check that a page of this origin sent a request.

    Raises:
        ServiceError: ``IAM.403``
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    if REQUIRED_HEADER not in request.headers or site != "same-origin":
        raise ServiceError("IAM.403")


def is_secure(request: Request) -> bool:
    """Return whether the browser sent a request over HTTPS."""
    return request.url.scheme == "https"


def _cookie_name(request: Request) -> str:
    """Return the name of the cookie; with the prefix, browsers accept it over HTTPS only."""
    return "__Secure-openfrs-console" if is_secure(request) else "openfrs-console"


def set_session_cookie(request: Request, response: Response, text: str, seconds: int) -> None:
    """Set the cookie of a session."""
    secure = is_secure(request)
    response.set_cookie(
        _cookie_name(request), text, max_age=seconds, path=PATH, secure=secure, httponly=True, samesite="strict"
    )
