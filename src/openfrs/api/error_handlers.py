"""Exceptions rendered as responses: one handler for each kind, in the envelope of the path."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from openfrs.core.connection import ClientGoneError
from openfrs.core.errors import ServiceError, render
from openfrs.core.telemetry import logs
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.index.errors import IndexUnavailableError

from .auth import in_iam_envelope
from .requests.body import IAM_PATHS
from .responses import WireResponse

log = logging.getLogger(logs.ACCESS)

_METHODS = ("GET", "POST", "PUT", "DELETE")


def add_error_handlers(app: FastAPI) -> None:
    """Register the handler of every exception that a route can raise."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


def response_to(request: Request, error: Exception) -> Response:
    """Return the response to a request that an exception ended."""
    handler = next(_HANDLERS[kind] for kind in type(error).__mro__ if kind in _HANDLERS)
    return handler(request, error)


def is_expected(error: Exception) -> bool:
    """Return whether an exception has a response of its own, and so needs no entry in the log."""
    return isinstance(error, tuple(kind for kind in _HANDLERS if kind is not Exception))


def _handle_absent_client(request: Request, _error: Exception) -> Response:
    """Record that the client has left, with the status that nginx gives such requests; nobody receives the response."""
    request.state.error = "client gone"
    return Response(status_code=499)


def error_response(request: Request, error: ServiceError) -> Response:
    """Render an error and note its key for the access log."""
    if request.scope["path"].startswith(IAM_PATHS):
        error = in_iam_envelope(error)
    request.state.error = error.entry.key
    return WireResponse(render(error, request.state.request_id), error.entry.status, error.headers)


def _handle_service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return error_response(request, error)


def _handle_routing_error(request: Request, error: Exception) -> Response:
    """Render an unknown path (404) or method (405) with the gateway's one code for both."""
    assert isinstance(error, HTTPException)
    request.state.error = "APIG.0101"
    body = render(ServiceError("APIG.0101"), request.state.request_id)
    if error.status_code == 405:
        return WireResponse(body, 405, {"Allow": ", ".join(_allowed_methods(request))})
    return WireResponse(body, 404)


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods of all routes of the path, HEAD with GET. Starlette reports those of the first matching route only."""
    methods = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    return [*methods[:1], "HEAD", *methods[1:]] if "GET" in methods else methods


def _handle_internal_error(request: Request, _error: Exception) -> Response:
    return error_response(request, ServiceError("FRS.0018"))


def _handle_unavailable_store(request: Request, error: Exception) -> Response:
    """Render a failure of the disk or the database; the request changed nothing."""
    log.error("store unavailable: %s, request %s", error, request.state.request_id)
    if isinstance(error, IndexUnavailableError):
        key = "APIG.0201/503"
    else:
        key = "IAM.503" if request.scope["path"].startswith(IAM_PATHS) else "FRS.0018"
    return error_response(request, ServiceError(key, headers={"Retry-After": "5"}))


_HANDLERS: Final[Mapping[type[Exception], Callable[[Request, Exception], Response]]] = {
    ServiceError: _handle_service_error,
    HTTPException: _handle_routing_error,
    StoreUnavailableError: _handle_unavailable_store,
    ClientGoneError: _handle_absent_client,
    Exception: _handle_internal_error,
}
