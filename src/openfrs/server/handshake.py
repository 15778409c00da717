"""TLS handshakes within the bound on connections.

An asyncio server with TLS reports a connection after its handshake. Clients that connect and send nothing would use up the
descriptors uncounted, so connections are accepted without TLS, and counted, before their handshake starts.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Any

from openfrs.core import limits

from .http_protocol import HeaderTimeoutProtocol


class Handshake(asyncio.Protocol):
    """A new connection until its TLS handshake ends; it may take ``HEADER_TIMEOUT_SECONDS`` and counts as idle.

    It moves the connection to a transport with TLS, whose protocol the subclass creates.
    """

    def __init__(self, protocol: HeaderTimeoutProtocol, context: ssl.SSLContext) -> None:
        self._protocol = protocol
        self._context = context
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection and start the handshake."""
        self._socket = transport.get_extra_info("socket").dup()
        transport.abort()  # type: ignore[attr-defined]  # it closes its own descriptor, not the connection
        self._task = asyncio.get_running_loop().create_task(self._run(self._socket))
        self._task.add_done_callback(lambda _: self.end())
        self._protocol.bound.add(self)

    def abort(self) -> None:
        """Close the connection at once."""
        assert self._task is not None
        self._task.cancel()

    def end(self) -> None:
        """Stop counting the handshake: the connection counts from now on, or is closed."""
        if not self._has_ended:
            self._has_ended = True
            self._protocol.bound.remove(self)
        if self._socket is not None:  # cancelled before it started
            self._socket.close()

    async def _run(self, connection: socket.socket) -> None:
        self._socket = None
        with suppress(OSError):  # the client left, sent something else, or took too long
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=limits.HEADER_TIMEOUT_SECONDS,
            )


def encrypted(protocol: type[HeaderTimeoutProtocol], context: ssl.SSLContext) -> type[Handshake]:
    """Return the protocol of connections that speak an HTTP protocol over TLS."""

    class Encrypted(Handshake):
        def __init__(self, **arguments: Any) -> None:
            super().__init__(AfterHandshake(self, **arguments), context)

    class AfterHandshake(protocol):  # type: ignore[valid-type, misc]
        def __init__(self, handshake: Handshake, **arguments: Any) -> None:
            super().__init__(**arguments)
            self._handshake = handshake

        def connection_made(self, transport: asyncio.Transport) -> None:
            self._handshake.end()
            super().connection_made(transport)

    return Encrypted
