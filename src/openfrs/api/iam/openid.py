"""Sign-in to the console with an OpenID Connect provider: the start of the flow, its callback, and whether there is one.

The secrets of a flow are in a sealed cookie of ten minutes. The callback begins a session of the console.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from openfrs.accounts.audit.log import FAILURE, LOGIN_FAILED, SIGN_IN
from openfrs.accounts.openid.provider import Flow, OpenIdError
from openfrs.accounts.openid.sign_in import OpenIdSignIn
from openfrs.accounts.tokens import seal, unseal
from openfrs.api.auth import address_of, note_audited
from openfrs.api.dependencies import ConsoleSessionsDep, services_of
from openfrs.api.responses import WireResponse
from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError
from openfrs.core.threads import run_write
from openfrs.store.accounts import User

from .catalog import base_url
from .console_sessions import PATH, is_secure, set_session_cookie

START: Final = f"{PATH}/openid"
CALLBACK: Final = f"{START}/callback"

_COOKIE: Final = "openfrs-openid"
_LIFE: Final = timedelta(minutes=10)

router = APIRouter(include_in_schema=False)


@router.get(f"{START}/available")
async def openid_available(request: Request) -> WireResponse:
    """Report whether a provider is configured."""
    return WireResponse({"openid": services_of(request).openid is not None})


@router.get(START)
async def begin_openid_sign_in(request: Request) -> Response:
    """Send the browser to the provider."""
    flow, openid = Flow(), _openid(request)
    url = await openid.provider.authorization_url(flow, _redirect_uri(request), openid.scope)
    content = {
        "openid_state": flow.state,
        "nonce": flow.nonce,
        "verifier": flow.verifier,
        "expires_at": utc_now() + _LIFE,
    }
    sealed = seal(services_of(request).console_sessions.keyring, content)
    response = RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})
    _set_cookie(request, response, sealed, int(_LIFE.total_seconds()))
    return response


@router.get(CALLBACK)
async def end_openid_sign_in(request: Request, sessions: ConsoleSessionsDep) -> Response:
    """Verify what the provider says, begin a session and show the console; without success, the console says so."""
    try:
        text, user, project_id = await _signed_in(request)
    except ServiceError as error:
        services_of(request).audit.record(
            LOGIN_FAILED,
            address=address_of(request),
            reason=error.message,
            operation="openid_sign_in",
            outcome=FAILURE,
            request_id=request.state.request_id,
        )
        response: Response = RedirectResponse("/console?sign-in=refused", 303)
    else:
        note_audited(request, SIGN_IN, user, project_id)
        sealed = await run_in_threadpool(sessions.begin, text)
        response = RedirectResponse("/console", 303)
        set_session_cookie(request, response, sealed.text, int((sealed.expires_at - utc_now()).total_seconds()))
    _set_cookie(request, response, "", 0)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _signed_in(request: Request) -> tuple[str, User, str]:
    openid, query = _openid(request), request.query_params
    content = {}
    with suppress(ServiceError):
        content = unseal(services_of(request).console_sessions.keyring, request.cookies.get(_COOKIE, ""))
    if "openid_state" not in content or content["expires_at"] <= utc_now():
        raise OpenIdError("it took too long, or was begun in another browser")
    if query.get("state") != content["openid_state"]:
        raise OpenIdError("it was begun in another window")
    if "code" not in query:
        raise OpenIdError(f"the provider answered {query.get('error', 'without a code')[:64]}")
    flow = Flow(content["openid_state"], content["nonce"], content["verifier"])
    identity = await openid.provider.redeem(flow, query["code"], _redirect_uri(request))
    return await run_write(openid.sign_in, identity)


def _openid(request: Request) -> OpenIdSignIn:
    openid = services_of(request).openid
    if openid is None:
        raise ServiceError("APIG.0101")
    return openid


def _redirect_uri(request: Request) -> str:
    return base_url(request) + CALLBACK


def _set_cookie(request: Request, response: Response, text: str, seconds: int) -> None:
    secure = is_secure(request)
    response.set_cookie(_COOKIE, text, max_age=seconds, path=START, secure=secure, httponly=True, samesite="lax")
