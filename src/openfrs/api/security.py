"""From a request to its principal, and to the project it acts in."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ..accounts.principal import Principal
from ..accounts.signatures import SignedRequest
from ..errors import ServiceError
from ..services import Services
from .body import raw_body


def services(request: Request) -> Services:
    """The service layer behind this application."""
    found: Services = request.app.state.services
    return found


ServicesDependency = Annotated[Services, Depends(services)]


async def authenticate(request: Request) -> Principal:
    """The caller, by ``X-Auth-Token`` or by a signature in ``Authorization``.

    Raises:
        ServiceError: ``APIG.0301``, ``APIG.0307`` or ``FRS.0002``
    """
    access = services(request).access
    token = request.headers.get("x-auth-token")
    if token:
        return await run_in_threadpool(access.by_token, token)
    if "authorization" not in request.headers:
        raise ServiceError("APIG.0301", "x-auth-token not found")
    signed = await signed_request(request)
    return await run_in_threadpool(access.by_signature, signed)


async def signed_request(request: Request) -> SignedRequest:
    """The request as its signer saw it; header values are the bytes of the wire, a repeated header joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "surrogateescape")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return SignedRequest(
        method=request.method,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("utf-8", "surrogateescape"),
        headers=headers,
        body=await raw_body(request),
    )


async def authorized_project(
    request: Request, project_id: Annotated[str, Path(description="Project the request acts in.")]
) -> str:
    """The project of the path, once the caller is known to be allowed into it.

    Raises:
        ServiceError: as :func:`authenticate`; ``FRS.0002`` the token has no project, ``FRS.0028`` it has another.
    """
    principal = await authenticate(request)
    if not principal.project_ids:
        raise ServiceError("FRS.0002")
    return principal.require_project(unquote(project_id))


def decoded_set_name(face_set_name: Annotated[str, Path(description="Name of the face set.")]) -> str:
    """The face set's name; ``%2F`` and the like are decoded within the one segment of the path."""
    return unquote(face_set_name)


ProjectId = Annotated[str, Depends(authorized_project)]
SetName = Annotated[str, Depends(decoded_set_name)]
