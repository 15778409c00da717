"""The web console: the built files, and the routes that serve them under ``/console``."""

import gzip
import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from .responses import SECURITY_HEADERS

BUILT: Final = Path(__file__).parent / "built_console"
"""Folder of the built console; absent if the package was built without Node.js."""

INDEX: Final = "index.html"

ASSETS: Final = "assets/"
"""Files below this folder have a hash of their content in their names and never change."""

NONCE: Final = b"CSP_NONCE"
"""Placeholder in the built index, replaced by a new nonce in every response."""

_COMPRESSED: Final = frozenset({".html", ".js", ".css", ".svg", ".json"})

_HEADERS: Final[Mapping[str, str]] = {
    **SECURITY_HEADERS,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' {nonce}; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>OpenFRS console: not built</title>
<h1>The console is not built</h1>
<p>OpenFRS was installed without Node.js, so the web console is not included. The API is complete.</p>
<p>To build the console, install Node.js 20.19 or newer with npm, run <code>make console</code> in the checkout and restart
the service; or install an OpenFRS wheel, which includes it.</p>
</html>
"""


@dataclass(frozen=True)
class ConsoleFile:
    """One built file."""

    content: bytes
    media_type: str
    is_text: bool

    @cached_property
    def compressed(self) -> bytes | None:
        """The gzipped content of a text file, computed on first use; None for other files."""
        return gzip.compress(self.content, mtime=0) if self.is_text else None


@dataclass(frozen=True)
class ConsoleFiles:
    """All built files by their path below ``/console``; empty if the console is not built."""

    by_path: Mapping[str, ConsoleFile] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path = BUILT) -> "ConsoleFiles":
        """Read a folder. It counts as not built if it has no index."""
        if not (folder / INDEX).is_file():
            return cls()
        return cls(
            {
                path.relative_to(folder).as_posix(): _read_file(path)
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
        )

    def index(self) -> tuple[bytes, str] | None:
        """Return the page and its new nonce, which allows the styles that the page creates itself."""
        file = self.by_path.get(INDEX)
        if file is None:
            return None
        nonce = secrets.token_urlsafe(16)
        return file.content.replace(NONCE, nonce.encode()), nonce


def _read_file(path: Path) -> ConsoleFile:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = path.suffix in _COMPRESSED
    return ConsoleFile(path.read_bytes(), f"{media_type}; charset=utf-8" if is_text else media_type, is_text)


def console_router(files: ConsoleFiles) -> APIRouter:
    """Create the routes of the console. They need no token: the page itself calls the API with one."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console")
    async def page() -> Response:
        """Return the page."""
        return _page_response(files)

    @router.get("/console/{path:path}")
    async def file_or_page(path: str, request: Request) -> Response:
        """Return a file, or the page for every path that its client-side router handles."""
        file = files.by_path.get(path)
        if file is None or path == INDEX:
            is_missing_asset = bool(files.by_path) and path.startswith(ASSETS)
            return Response("", 404, _headers("no-store")) if is_missing_asset else _page_response(files)
        caching = "public, max-age=31536000, immutable" if path.startswith(ASSETS) else "no-cache"
        return _file_response(file, request, caching)

    return router


def _page_response(files: ConsoleFiles) -> Response:
    index = files.index()
    if index is None:
        return Response(_NOT_BUILT, 503, _headers("no-store"), "text/html; charset=utf-8")
    content, nonce = index
    return Response(content, 200, _headers("no-cache", nonce), "text/html; charset=utf-8")


def _file_response(file: ConsoleFile, request: Request, caching: str) -> Response:
    headers = _headers(caching)
    if file.compressed is None:
        return Response(file.content, 200, headers, file.media_type)
    headers["Vary"] = "Accept-Encoding"
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(file.content, 200, headers, file.media_type)
    return Response(file.compressed, 200, {**headers, "Content-Encoding": "gzip"}, file.media_type)


def _headers(caching: str, nonce: str = "") -> dict[str, str]:
    policy = _POLICY.format(nonce=f"'nonce-{nonce}'" if nonce else "").replace(" ;", ";")
    return {**_HEADERS, "Content-Security-Policy": policy, "Cache-Control": caching}
