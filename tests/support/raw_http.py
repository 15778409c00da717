"""HTTP as bytes, for requests that no client library would send."""

import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

from .servers import RunningServer


def connect(server: RunningServer) -> socket.socket:
    """Open a connection to the server."""
    address = urlsplit(server.endpoint)
    assert address.hostname is not None
    return socket.create_connection((address.hostname, address.port or 80), timeout=20)


def read(connection: socket.socket) -> HTTPResponse:
    """Return the next response; its body is not read yet."""
    response = HTTPResponse(connection)
    response.begin()
    return response


def head(method: str, target: str, **headers: str) -> bytes:
    """Return request line and headers; underscores in names become hyphens."""
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
