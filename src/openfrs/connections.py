"""Connections that take too long over the head of a request are closed."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from . import limits


class PunctualProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP, with a bound on the time from connecting, or from a request's first byte, to the end of its head.

    Uvicorn itself waits for ever: clients that send a byte now and then could hold all the connections that a process may have.
    """

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Connected."""
        super().connection_made(transport)
        self._start()

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        super().on_message_begin()
        self._start()

    def on_headers_complete(self) -> None:
        """The head of a request has come."""
        self._stop()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        self._stop()
        self._limit = self.loop.call_later(limits.HEAD_SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
