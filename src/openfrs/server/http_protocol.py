"""Uvicorn's HTTP protocol with limits on connections, on request headers, and on the time to read a response."""

import asyncio
import json
import sys
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from openfrs.core import limits
from openfrs.core.errors import ServiceError, render

from .connections import ConnectionBound

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application


class HeaderTimeoutProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol that limits each request's headers to ``HEADER_TIMEOUT_SECONDS`` and ``MAX_HEADER_BYTES``.

    The time starts when the client connects, or with the first byte of a later request. Uvicorn has no limits: slow clients could
    hold all connections of a process, and endless headers could fill its memory. Errors have the form of the API gateway's.

    A client that has not read its response ``SEND_TIMEOUT_SECONDS`` after the server had to wait for it is disconnected.
    """

    bound = ConnectionBound(sys.maxsize)
    """The bound of the connections of this class; :func:`bounded_protocol` sets another one."""

    _send_timeout: asyncio.TimerHandle | None = None
    _timeout: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _error: ServiceError | None = None
    _running: RequestResponseCycle | None = None
    """The request being served. Uvicorn's ``cycle`` is the newest one, which may still wait for this one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout."""
        super().connection_made(transport)
        self._start_timeout()
        self.bound.add(self)

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
        """Start the timeout of a request, unless too many wait already: each takes far more time than its few bytes."""
        if len(self.pipeline) >= limits.MAX_PIPELINED_REQUESTS:
            self._error = ServiceError("APIG.0201/400", f"more than {limits.MAX_PIPELINED_REQUESTS} requests at once")
            raise ValueError(self._error.message)
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
        if not self.transport.get_write_buffer_size():
            self._stop_send_timeout()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Keep the connection open while the complete request is being served."""
        super().on_message_complete()
        if self._is_serving:
            self.bound.set_busy(self)

    def on_response_complete(self) -> None:
        """Allow the connection to be closed, and start the timeout if the client has not read the response yet."""
        super().on_response_complete()
        if not self._is_serving:
            self.bound.set_idle(self)
        if self.transport.get_write_buffer_size():
            self._start_send_timeout()
        else:
            self._stop_send_timeout()

    def pause_writing(self) -> None:
        """Start the timeout of a client that does not read."""
        super().pause_writing()
        self._start_send_timeout()

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timeouts."""
        self._stop_timeout()
        self._stop_send_timeout()
        self.bound.remove(self)
        self._abandon_request()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's text
        """Send an error response and close the connection."""
        self._abandon_request()
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
        if self.transport.get_write_buffer_size():
            self._start_send_timeout()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _abandon_request(self) -> None:
        """Tell the request being served that nobody receives its response: its work stops, and it writes nothing more."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    @property
    def _is_serving(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_timeout(self) -> None:
        self._stop_timeout()
        self._timeout = self.loop.call_later(limits.HEADER_TIMEOUT_SECONDS, self.transport.close)

    def _stop_timeout(self) -> None:
        self._header_bytes = 0
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def _start_send_timeout(self) -> None:
        if self._send_timeout is None:  # the time starts when the server had to wait first
            self._send_timeout = self.loop.call_later(limits.SEND_TIMEOUT_SECONDS, self._end_send)

    def _stop_send_timeout(self) -> None:
        if self._send_timeout is not None:
            self._send_timeout.cancel()
            self._send_timeout = None

    def _end_send(self) -> None:
        self._send_timeout = None
        if self.transport.get_write_buffer_size():
            self.abort()  # closing would wait for the client


def bounded_protocol(connections: int) -> type[HeaderTimeoutProtocol]:
    """Return the protocol of a server with at most so many connections."""

    class BoundedProtocol(HeaderTimeoutProtocol):
        bound = ConnectionBound(connections)

    return BoundedProtocol
