"""The application: routes, refusals, request ids."""

import logging
import time
import uuid
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openfrs import __version__
from openfrs.api.openapi.document import document
from openfrs.core.errors import ServiceError, render
from openfrs.core.telemetry import logs
from openfrs.core.telemetry.metrics import REQUEST_SECONDS, REQUESTS
from openfrs.core.telemetry.tracing import describe, request_span
from openfrs.services import Services
from openfrs.store.db.errors import IndexUnavailableError, StoreUnavailableError

from . import health
from .auth import TOKEN_HEADER, address_of, in_iam_envelope
from .console import console_router
from .console_files import Files
from .extensions import accounts, activity, audit, face_table, liveness_sessions, models, policies, retention
from .frs import detect_compare, face_sets, faces, liveness, quality, search, subscription
from .iam import tokens
from .responses import WireResponse

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = logging.getLogger("openfrs.access")

IAM_PATHS = ("/v3/", "/v3.0/")
"""Paths whose failures are told in IAM's envelope."""

FRS_PATHS = ("/v1/", "/v2/")
"""Paths whose requests count as a project's activity."""

REQUEST_ID_HEADER = "X-Request-Id"

_CAREFUL: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)

_PAGE: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        b"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
"""For the page of the API, whose script is written into it."""


ALWAYS_ADMITTED = frozenset({"/health", "/ready"})
"""Paths that are answered however many requests are under way: who asks them would restart a process that is only busy."""


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
    app.openapi = partial(document, app)  # type: ignore[method-assign]  # the way FastAPI advises
    app.state.services = services
    for version in ("v2", "v1"):
        for module in (detect_compare, face_sets, faces, search, quality, liveness):
            app.include_router(module.router, prefix=f"/{version}/{{project_id}}", dependencies=[TOKEN_HEADER])
    for router in (detect_compare.v1_router, liveness.v1_router, subscription.router):
        app.include_router(router, prefix="/v1/{project_id}", dependencies=[TOKEN_HEADER])
    app.include_router(detect_compare.v2_router, prefix="/v2/{project_id}", dependencies=[TOKEN_HEADER])
    for router in (
        models.router,
        activity.router,
        policies.router,
        retention.router,
        face_table.router,
        liveness_sessions.router,
    ):
        app.include_router(router, prefix="/x/v1/{project_id}", dependencies=[TOKEN_HEADER])
    for router in (accounts.router, audit.router):
        app.include_router(router, dependencies=[TOKEN_HEADER])
    app.include_router(tokens.router)
    app.include_router(health.router)
    app.include_router(console_router(Files.read()))
    app.add_exception_handler(ServiceError, _refused)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(StoreUnavailableError, _unavailable)
    app.add_exception_handler(Exception, _failed)
    return RequestContext(app, services)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    if request.scope["path"].startswith(IAM_PATHS):
        error = in_iam_envelope(error)
    request.state.error = error.entry.key
    return WireResponse(render(error, request.state.request_id), error.entry.status, error.headers)


def _not_routed(request: Request, error: Exception) -> Response:
    """No such route, or not with this method: the gateway's answer to both, with the status HTTP has for each."""
    assert isinstance(error, HTTPException)
    request.state.error = "APIG.0101"
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
    return _refused(request, ServiceError("FRS.0018"))


def _unavailable(request: Request, error: Exception) -> Response:
    """The disk or the database does not do what it should; nothing of the request was kept."""
    log.error("store unavailable: %s, request %s", error, request.state.request_id)
    if isinstance(error, IndexUnavailableError):
        key = "APIG.0201/503"
    else:
        key = "IAM.503" if request.scope["path"].startswith(IAM_PATHS) else "FRS.0018"
    return _refused(request, ServiceError(key, headers={"Retry-After": "5"}))


class RequestContext:
    """What every request gets: an id, its path as it was on the wire, its place in logs and counts.

    Routes match the percent-encoded path, so that an encoded slash stays inside its segment.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._admission = services.admission
        self._recognizer = services.recognizer
        self._audit = services.audit
        self._activity = services.activity

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
        logs.request_id.set(request_id)

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _headed(message.get("headers", ()), request_id)
            await send(message)

        with request_span(Headers(scope=scope)) as span:
            await _logged_failure(self._admitted(scope, receive, send_with_id), request_id)
            _tell(scope, status, time.perf_counter() - started, span)
        if "audited" in scope["state"]:
            self._record(Request(scope), status)
        if "project_id" in scope["state"] and path.startswith(FRS_PATHS):
            self._activity.note(scope["state"]["project_id"], failed=status >= 400)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as many requests as may be under way; turn the next one away before anything is done for it."""
        if scope["path"] in ALWAYS_ADMITTED:
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        try:
            self._recognizer.look(int(length) if length.isdecimal() else 0)
            stay = self._admission.admit()
        except ServiceError as error:
            await _refused(Request(scope), error)(scope, receive, send)
            return
        with stay:
            scope["state"]["stay"] = stay
            await self._app(scope, receive, send)

    def _record(self, request: Request, status: int) -> None:
        """Note who asked for a change, of what, from where, and what came of it."""
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self._audit.record(
            "write",
            request_id=request.state.request_id,
            address=address_of(request),
            method=request.method,
            target=target,
            status=status,
            **request.state.audited,
        )


def _tell(scope: Scope, status: int, seconds: float, span: "Span | None") -> None:
    """Log and count a request that was answered."""
    route, state = scope.get("route"), scope["state"]
    operation, error = getattr(route, "name", "none"), state.get("error", "")
    REQUESTS.labels(operation, str(status), error).inc()
    REQUEST_SECONDS.labels(operation).observe(seconds)
    method, path, milliseconds = scope["method"], scope["path"], round(seconds * 1000, 1)
    told = {"method": method, "path": path, "status": status, "milliseconds": milliseconds, "operation": operation}
    line = (method, path, status, milliseconds, state["request_id"])
    log.info("%s %s %d %.1f ms %s", *line, extra={"fields": told | ({"error": error} if error else {})})
    if span is not None:
        attributes = {"http.request.method": method, "http.response.status_code": status, "error.type": error}
        describe(span, operation, {**attributes, "openfrs.request_id": state["request_id"]}, failed=status >= 500)


def _headed(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, with its id and, where the route has not said otherwise, what keeps browsers careful with it."""
    headers = list(headers)
    given = {name.lower(): value for name, value in headers}
    careful = [*_CAREFUL, *(_PAGE if given.get(b"content-type", b"").startswith(b"text/html") else ())]
    added = [(name, value) for name, value in careful if name not in given]
    return [*headers, *added, (REQUEST_ID_HEADER.encode(), request_id.encode())]


async def _logged_failure(serving: Awaitable[None], request_id: str) -> None:
    """Log what went wrong inside; the client has had its answer by then."""
    try:
        await serving
    except Exception:
        log.exception("request %s failed", request_id)
