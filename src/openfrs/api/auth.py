"""From a request to its principal: authentication, role, quota."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import Depends, Path, Security
from fastapi.security import APIKeyHeader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.accounts.principal import Caller, Principal, Role
from openfrs.accounts.signatures import SignedRequest
from openfrs.api.requests.body import raw_body
from openfrs.core.errors import Envelope, ServiceError

from .dependencies import services_of

TOKEN_HEADER = Security(APIKeyHeader(name="X-Auth-Token", auto_error=False))
"""Tells the API's document where a token goes; :func:`authenticate` checks it."""


def address_of(request: Request) -> str:
    """The network address a request came from."""
    return request.client.host if request.client else ""


async def authenticate(request: Request) -> Caller:
    """The caller, by ``X-Auth-Token`` or by a signature in ``Authorization``.

    Raises:
        ServiceError: ``APIG.0301``, ``APIG.0307`` or ``FRS.0002``
    """
    return await run_in_threadpool(await _authentication(request))


async def _authentication(request: Request) -> Callable[[], Caller]:
    """What is left to do to tell the caller; it asks the database, and raises as :func:`authenticate`."""
    authenticator = services_of(request).authenticator
    token = request.headers.get("x-auth-token")
    if token:
        return partial(authenticator.authenticate_token, token)
    if "authorization" not in request.headers:
        raise ServiceError("APIG.0301", "x-auth-token not found")
    return partial(authenticator.authenticate_signature, await signed_request(request), address_of(request))


async def signed_request(request: Request) -> SignedRequest:
    """The request as its signer saw it; header values are the bytes of the wire, a repeated header joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "surrogateescape")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    body = await raw_body(request)
    return SignedRequest(
        method=request.method,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("utf-8", "surrogateescape"),
        headers=headers,
        body_sha256=body.sha256,
    )


class Permission:
    """A dependency that lets a request into its project: the caller is known, has the role, and is within the quotas.

    A request that needs more than reading is noted in the audit log, and its signature is good only once.
    """

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(
        self, request: Request, project_id: Annotated[str, Path(description="Project the request acts in.")]
    ) -> AsyncIterator[Principal]:
        """The principal, for the time of the request.

        Raises:
            ServiceError: as :func:`authenticate` and :meth:`Authenticator.authorize`; ``APIG.0302`` the role does not allow it,
                ``FRS.0033`` a quota is used up.
        """
        layer = services_of(request)
        authentication = await _authentication(request)

        def admit() -> Principal:
            caller = authentication()
            principal = layer.authenticator.authorize(caller, unquote(project_id))
            request.state.project_id = principal.project.id
            principal.require(self.role)
            layer.quotas.count_request(principal.project.id, request.scope["route"].name, principal.limits)
            if self.role is not Role.READER:
                layer.authenticator.reject_replay(caller)
            return principal

        principal = await run_in_threadpool(admit)
        if self.role is not Role.READER:
            request.state.audited = {"user_id": principal.caller.user.id, "project_id": principal.project.id}
        with layer.quotas.concurrent_request(principal.project.id, principal.limits):
            yield principal


async def note_write(request: Request, caller: Caller) -> None:
    """Note in the audit log that the caller changes something about credentials; a signature is good for it only once.

    Raises:
        ServiceError: ``APIG.0301``
    """
    request.state.audited = {"user_id": caller.user.id}
    await run_in_threadpool(services_of(request).authenticator.reject_replay, caller)


_IN_IAM: Final = {
    "APIG.0201/400": "IAM.400",
    "APIG.0201/413": "IAM.413",
    "FRS.0018": "IAM.500",
    "FRS.0033": "IAM.429",
}


def in_iam_envelope(error: ServiceError) -> ServiceError:
    """A refusal as IAM tells it: of a body, for want of room, a failure, and whatever else is wrong with credentials."""
    if error.entry.envelope is Envelope.IAM:
        return error
    if error.entry.key in _IN_IAM:
        return ServiceError(_IN_IAM[error.entry.key], headers=error.headers)
    return ServiceError("IAM.401", error.message)


async def decoded_set_name(face_set_name: Annotated[str, Path(description="Name of the face set.")]) -> str:
    """The face set's name; ``%2F`` and the like are decoded within the one segment of the path."""
    return unquote(face_set_name)


READER, OPERATOR, ADMIN = (Permission(role) for role in (Role.READER, Role.OPERATOR, Role.ADMIN))

Reader = Annotated[Principal, Depends(READER)]
Operator = Annotated[Principal, Depends(OPERATOR)]
Admin = Annotated[Principal, Depends(ADMIN)]
SetName = Annotated[str, Depends(decoded_set_name)]


def permission_of(route: Any) -> Permission | None:
    """The permission that guards a route, however deep among its dependencies; None for a route open to everybody."""
    waiting = [route.dependant] if getattr(route, "dependant", None) else []
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Permission):
            return dependant.call
        waiting += dependant.dependencies
    return None
