"""Names of response headers in the case that Huawei documents.

HTTP ignores the case of header names, but some SDKs do not. Starlette and Uvicorn send names in lower case; here they get their
case back after Starlette, in a form that Uvicorn keeps.
"""

from functools import cache
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FRAMING: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})
"""Headers that Uvicorn finds by their names in lower case."""

_OTHER_CASE: Final = {
    name.lower(): name
    for name in (b"ETag", b"WWW-Authenticate", b"X-ratelimit", b"X-ratelimit-used", b"X-ratelimit-window")
}
"""Names whose words do not each begin with a capital."""


class _HeaderName(bytes):
    """A name that stays as it is where Uvicorn converts it to lower case."""

    def lower(self) -> bytes:
        """Return the name unchanged."""
        return self


def with_documented_names(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that Uvicorn sends its response headers under their documented names."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(_documented(bytes(name)), value) for name, value in message.get("headers", ())]
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, send_named)

    return serve


@cache
def _documented(name: bytes) -> bytes:
    """Return the documented form of a name; the service has a fixed number of names."""
    lower = name.lower()
    return lower if lower in _FRAMING else _HeaderName(_OTHER_CASE.get(lower, lower.title()))
