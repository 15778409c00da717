"""Heads of requests are bounded, in time and in bytes, and what is no HTTP is told so in the gateway's envelope."""

import asyncio
import json
import uuid
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openfrs.core import limits
from openfrs.core.errors import ServiceError, render


class PunctualProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP, with bounds from connecting, or from a request's first byte, to the end of its head.

    Uvicorn itself waits for ever, and keeps whatever comes: clients that send a byte now and then could hold all the connections
    that a process may have, and one whose head has no end all its memory.
    """

    _limit: asyncio.TimerHandle | None = None
    _head = 0
    _refusal: ServiceError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Connected."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Bytes have come. Those with which a head begins may also end a body: what comes after them is counted."""
        began = self._limit is not None
        super().data_received(data)
        if began and self._limit is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > limits.MAX_HEADER_BYTES:
                self._refusal = ServiceError("APIG.0201/494")
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        super().on_message_begin()
        self._start()

    def on_headers_complete(self) -> None:
        """The head of a request has come."""
        self._stop()
        if len(self.url) > limits.MAX_REQUEST_LINE_BYTES:
            self._refusal = ServiceError("APIG.0201/414")
        elif sum(len(name) + len(value) for name, value in self.headers) > limits.MAX_HEADER_BYTES:
            self._refusal = ServiceError("APIG.0201/494")
        if self._refusal is not None:
            raise ValueError(self._refusal.message)  # which the parser takes for something that is no HTTP
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._stop()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's words
        """Refuse what is no request, and close the connection."""
        error = self._refusal or ServiceError("APIG.0201/400", "it is not HTTP")
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

    def _start(self) -> None:
        self._stop()
        self._limit = self.loop.call_later(limits.HEADER_TIMEOUT_SECONDS, self.transport.close)

    def _stop(self) -> None:
        self._head = 0
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
