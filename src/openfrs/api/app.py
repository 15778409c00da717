"""The application: routes, refusals, request ids."""

import logging
import time
import uuid
from collections.abc import Awaitable

from fastapi import APIRouter, Depends, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import __version__
from ..errors import ServiceError, render
from ..services import Services
from . import face_sets, faces, health, identity, recognition, search
from .security import authorized_project
from .wire import WireResponse

log = logging.getLogger("openfrs.access")

REQUEST_ID_HEADER = "X-Request-Id"


def create_app(services: Services) -> ASGIApp:
    """The ASGI application over a service layer."""
    app: FastAPI = FastAPIOffline(
        title="OpenFRS",
        version=__version__,
        summary="Face recognition that speaks the wire of Huawei Cloud FRS.",
        default_response_class=WireResponse,
        redirect_slashes=False,
        redoc_url=None,
    )
    app.state.services = services
    frs = APIRouter()
    for module in (recognition, face_sets, faces, search):
        frs.include_router(module.router)
    app.include_router(frs, prefix="/v2/{project_id}", dependencies=[Depends(authorized_project)])
    app.include_router(identity.router)
    app.include_router(health.router)
    app.add_exception_handler(ServiceError, _refused)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(Exception, _failed)
    return RequestContext(app)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return WireResponse(render(error, request.state.request_id), error.entry.status, error.headers)


def _not_routed(request: Request, error: Exception) -> Response:
    """No such route, or not with this method: the gateway's answer to both, with the status HTTP has for each."""
    assert isinstance(error, HTTPException)
    body = render(ServiceError("APIG.0101"), request.state.request_id)
    if error.status_code == 405:
        return WireResponse(body, 405, {"Allow": ", ".join(_methods(request))})
    return WireResponse(body, 404)


def _methods(request: Request) -> list[str]:
    """The methods that the path can be asked with. Starlette itself names those of the first route of the path alone."""
    return [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]


def _failed(request: Request, _error: Exception) -> Response:
    return _refused(request, ServiceError("IAM.500" if request.scope["path"].startswith("/v3/") else "FRS.0018"))


class RequestContext:
    """What every request gets: an id, its path as it was on the wire, a line in the log.

    Routes match the percent-encoded path, so that an encoded slash stays inside its segment.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw_path.partition(b"?")[0].decode("latin-1")
        scope = {**scope, "path": path, "state": {**scope.get("state", {}), "request_id": request_id}}
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID_HEADER.encode(), request_id.encode())]
            await send(message)

        await _logged_failure(self._app(scope, receive, send_with_id), request_id)
        milliseconds = (time.perf_counter() - started) * 1000
        log.info("%s %s %d %.1f ms %s", scope["method"], path, status, milliseconds, request_id)


async def _logged_failure(serving: Awaitable[None], request_id: str) -> None:
    """Log what went wrong inside; the client has had its answer by then."""
    try:
        await serving
    except Exception:
        log.exception("request %s failed", request_id)
