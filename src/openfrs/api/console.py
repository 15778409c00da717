"""The console's routes: the page for every path of its own, and the files the page is made of."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from .console_files import File, Files

ASSETS: Final = "assets/"
"""Files below this carry the hash of their content in their names, so they never change."""

_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
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
<h1>The console is not built here</h1>
<p>This OpenFRS was installed where there was no Node.js, so the web console was left out. The service itself is complete.</p>
<p>To build it, install Node.js 20.19 or newer with npm, run <code>make console</code> in the checkout and restart the service;
or install a wheel of OpenFRS, which holds the console ready.</p>
</html>
"""


def console_router(files: Files) -> APIRouter:
    """The routes that serve built files under ``/console``, open to everybody: what they show, they ask the API for."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console")
    async def page() -> Response:
        """The page."""
        return _page(files)

    @router.get("/console/{path:path}")
    async def file_or_page(path: str, request: Request) -> Response:
        """A file, or the page where the path is one that the page itself knows."""
        found = files.by_path.get(path)
        if found is None or path == "index.html":
            missing = bool(files.by_path) and path.startswith(ASSETS)
            return Response("", 404, _headers("no-store")) if missing else _page(files)
        return _sent(found, request, "public, max-age=31536000, immutable" if path.startswith(ASSETS) else "no-cache")

    return router


def _page(files: Files) -> Response:
    index = files.index()
    if index is None:
        return Response(_NOT_BUILT, 503, _headers("no-store"), "text/html; charset=utf-8")
    content, nonce = index
    return Response(content, 200, _headers("no-cache", nonce), "text/html; charset=utf-8")


def _sent(file: File, request: Request, caching: str) -> Response:
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
