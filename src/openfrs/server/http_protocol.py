"""Uvicorn's HTTP protocol with limits on the time and the size of request headers."""

import asyncio
import json
import uuid
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openfrs.core import limits
from openfrs.core.errors import ServiceError, render


class HeaderTimeoutProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol that limits each request's headers to ``HEADER_TIMEOUT_SECONDS`` and ``MAX_HEADER_BYTES``.

    The time starts when the client connects, or with the first byte of a later request. Uvicorn has no limits: slow clients could
    hold all connections of a process, and endless headers could fill its memory. Errors have the form of the API gateway's.
    """

    _timeout: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _error: ServiceError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout."""
        super().connection_made(transport)
        self._start_timeout()

    def data_received(self, data: bytes) -> None:
        """Count the bytes of headers, except the first segment, which may also hold the end of the previous body."""
        in_headers = self._timeout is not None
        super().data_received(data)
        if in_headers and self._timeout is not None and not self.transport.is_closing():
            self._header_bytes += len(data)
            if self._header_bytes > limits.MAX_HEADER_BYTES:
                self._error = ServiceError("APIG.0201/494")
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """Start the timeout of a request."""
        super().on_message_begin()
        self._start_timeout()

    def on_headers_complete(self) -> None:
        """Stop the timeout, and check the size of the URL and of the headers."""
        self._stop_timeout()
        if len(self.url) > limits.MAX_REQUEST_LINE_BYTES:
            self._error = ServiceError("APIG.0201/414")
        elif sum(len(name) + len(value) for name, value in self.headers) > limits.MAX_HEADER_BYTES:
            self._error = ServiceError("APIG.0201/494")
        if self._error is not None:
            raise ValueError(self._error.message)  # the parser reports it as invalid HTTP
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timeout."""
        self._stop_timeout()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's text
        """Send an error response and close the connection."""
        error = self._error or ServiceError("APIG.0201/400", "it is not HTTP")
        request_id, status = uuid.uuid4().hex, error.entry.status
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Refused"
        body = json.dumps(render(error, request_id), separators=(",", ":"))
        head = [
            f"HTTP/1.1 {status} {phrase}",
            "Content-Type: application/json; charset=UTF-8",
            f"Content-Length: {len(body)}",
            "X-Content-Type-Options: nosniff",
            f"X-Request-Id: {request_id}",
            "Connection: close",
        ]
        self.transport.write("\r\n".join([*head, "", body]).encode())
        self.transport.close()

    def _start_timeout(self) -> None:
        self._stop_timeout()
        self._timeout = self.loop.call_later(limits.HEADER_TIMEOUT_SECONDS, self.transport.close)

    def _stop_timeout(self) -> None:
        self._header_bytes = 0
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None
