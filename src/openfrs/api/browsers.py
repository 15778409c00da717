"""Redirects for people with a browser: addresses that they type, to the pages that they mean."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

router = APIRouter(include_in_schema=False)


@router.get("/docs/")
async def documentation() -> Response:
    """Redirect to the page without the slash."""
    return RedirectResponse("/docs", 302)


def console_redirect(request: Request) -> Response | None:
    """Return a redirect to the console for a browser; None for a program, which accepts JSON or anything."""
    accepted = request.headers.get("accept", "").lower()
    if "text/html" not in accepted or "application/json" in accepted:
        return None
    return RedirectResponse("/console", 302, {"Vary": "Accept"})
