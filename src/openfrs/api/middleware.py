"""Middleware around every request: request id, admission, security headers, access log, metrics and audit log."""

import logging
import os
import time
from collections.abc import Awaitable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openfrs.accounts.audit.log import FAILURE, SUCCESS, AuditLog
from openfrs.accounts.usage import UsageCounter
from openfrs.core import connection
from openfrs.core.admission import Admission
from openfrs.core.errors import ServiceError
from openfrs.core.telemetry import logs
from openfrs.core.telemetry.metrics import REQUEST_SECONDS, REQUESTS
from openfrs.core.telemetry.tracing import annotate, request_span
from openfrs.recognition.recognizer import Recognizer

from .auth import address_of
from .error_handlers import error_response
from .responses import SECURITY_HEADERS

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = logging.getLogger(logs.ACCESS)

FRS_PATHS = ("/v1/", "/v2/")
"""Prefixes of the paths whose requests count as a project's activity."""

REQUEST_ID_HEADER = "X-Request-Id"

_REQUEST_ID_NAME: Final = REQUEST_ID_HEADER.encode()

ALWAYS_ADMITTED = ("/health", "/ready", "/console", "/docs", "/openapi.json", "/static-offline-docs")
"""Starts of the paths exempt from admission: a failed probe would restart a process that is only busy, and files in memory cost
little. Whatever else starts so is an unknown path."""

_SECURITY_HEADERS: Final = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())

_NO_STORE: Final = (b"cache-control", b"no-store")
"""Tokens, secrets and faces must not stay in the caches of browsers and proxies."""

_CACHE_HEADERS: Final = frozenset([b"cache-control", b"etag"])
"""Headers of static files, which may be cached."""

_PAGE_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        b"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
"""For the API's documentation page, which has inline scripts."""


class RequestIds:
    """Random ids of 128 bits: unique among processes, and not to be guessed from others.

    The system is asked for the random bytes of many ids at once, because a call takes longer than all other work on an id.
    """

    _BYTES: Final = 16
    _AT_ONCE: Final = 256

    def __init__(self) -> None:
        self._ids = list[str]()

    def new(self) -> str:
        """Return an id as 32 hexadecimal digits. Only the event loop calls this."""
        if not self._ids:
            digits, length = os.urandom(self._BYTES * self._AT_ONCE).hex(), 2 * self._BYTES
            self._ids = [digits[start : start + length] for start in range(0, len(digits), length)]
        return self._ids.pop()


_request_ids: Final = RequestIds()


class RequestContext:
    """ASGI middleware that gives every request an id, admits or rejects it, and records its outcome.

    It passes the percent-encoded path on to the routes, so that an encoded slash stays inside its segment. HEAD becomes GET: the
    server sends no body in response to HEAD. The client's method stays in ``request.state.method``.
    """

    def __init__(
        self, app: ASGIApp, *, admission: Admission, recognizer: Recognizer, audit: AuditLog, usage: UsageCounter
    ) -> None:
        self._app = app
        self._admission = admission
        self._recognizer = recognizer
        self._audit = audit
        self._usage = usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_ids.new()
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw_path.partition(b"?")[0].decode("latin-1")
        method = scope["method"]
        state = {**scope.get("state", {}), "request_id": request_id, "method": method}
        scope = {**scope, "path": path, "method": "GET" if method == "HEAD" else method, "state": state}
        started, status = time.perf_counter(), 0
        logs.request_id.set(request_id)
        connection.receive.set(receive)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(message.get("headers", ()), request_id)
            await send(message)

        with request_span(Headers(scope=scope)) as span:
            await _log_failure(self._admit(scope, receive, send_with_headers), request_id)
            _record_outcome(scope, status, time.perf_counter() - started, span)
        if "audited" in scope["state"]:
            self._record(scope, status)
        if "project_id" in scope["state"] and path.startswith(FRS_PATHS):
            self._usage.count(scope["state"]["project_id"], status)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request if there is capacity for it; reject it before any work is done otherwise."""
        if scope["path"].startswith(ALWAYS_ADMITTED):
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        try:
            self._recognizer.check_capacity(int(length) if length.isdecimal() else 0)
            slot = self._admission.admit(address_of(Request(scope)))
        except ServiceError as error:
            await error_response(Request(scope), error)(scope, receive, send)
            return

        async def send_without_slot(message: Message) -> None:
            slot.release()  # a client that reads its response slowly must not take up capacity
            await send(message)

        with slot:
            scope["state"]["slot"] = slot
            await self._app(scope, receive, send_without_slot)

    def _record(self, scope: Scope, status: int) -> None:
        """Record a request in the audit log: actor, operation, face set, address and outcome."""
        details = scope["state"]["audited"]
        set_name = scope["path_params"].get("face_set_name")
        if set_name is not None:
            details["face_set"] = unquote(set_name)
        query = scope["query_string"].decode("latin-1")
        self._audit.record(
            request_id=scope["state"]["request_id"],
            address=address_of(Request(scope)),
            method=scope["method"],
            target=f"{scope['path']}?{query}" if query else scope["path"],
            operation=scope["route"].name,
            status=status,
            outcome=FAILURE if status >= 400 else SUCCESS,
            **details,
        )


@cache
def _requests(operation: str, status: int, error: str) -> Counter:
    """Return the counter of an outcome; looking it up by its labels takes as long as all other metrics of a request."""
    return REQUESTS.labels(operation, str(status), error)


@cache
def _request_seconds(operation: str) -> Histogram:
    return REQUEST_SECONDS.labels(operation)


def _record_outcome(scope: Scope, status: int, seconds: float, span: "Span | None") -> None:
    """Write a request's outcome to the access log, the metrics and the trace."""
    route, state = scope.get("route"), scope["state"]
    operation, error = getattr(route, "name", "none"), state.get("error", "")
    _requests(operation, status, error).inc()
    _request_seconds(operation).observe(seconds)
    method, path, milliseconds = state["method"], scope["path"], round(seconds * 1000, 1)
    fields = {"method": method, "path": path, "status": status, "milliseconds": milliseconds, "operation": operation}
    line = (method, path, status, milliseconds, state["request_id"])
    log.info("%s %s %d %.1f ms %s", *line, extra={"fields": fields | ({"error": error} if error else {})})
    if span is not None:
        attributes = {"http.request.method": method, "http.response.status_code": status, "error.type": error}
        annotate(span, operation, {**attributes, "openfrs.request_id": state["request_id"]}, failed=status >= 500)


def _with_headers(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """Add the request id, and the headers on security and caching that the route has not set itself."""
    headers = list(headers)
    present = {name.lower(): value for name, value in headers}
    is_page = present.get(b"content-type", b"").startswith(b"text/html")
    defaults = _SECURITY_HEADERS + _PAGE_HEADERS if is_page else _SECURITY_HEADERS
    headers += [header for header in defaults if header[0] not in present]
    if not present.keys() & _CACHE_HEADERS:
        headers.append(_NO_STORE)
    headers.append((_REQUEST_ID_NAME, request_id.encode()))
    return headers


async def _log_failure(serving: Awaitable[None], request_id: str) -> None:
    """Log an unexpected exception. The error handler has already sent the response."""
    try:
        await serving
    except Exception:
        log.exception("request %s failed", request_id)
