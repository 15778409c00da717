"""Authentication, authorization and quotas of requests."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import Depends, Path, Security
from fastapi.security import APIKeyHeader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.accounts.audit.log import READ, SEARCH, WRITE
from openfrs.accounts.principal import Caller, Principal, Role
from openfrs.api.requests.body import announced_body_size, raw_body
from openfrs.core import limits
from openfrs.core.errors import Envelope, ServiceError
from openfrs.core.signing import SignedRequest
from openfrs.faces.face_sets import NamedSet
from openfrs.store.accounts import User

from .dependencies import services_of

TOKEN_HEADER = Security(
    APIKeyHeader(
        name="X-Auth-Token",
        scheme_name="Token",
        description="A token of the project, from the `X-Subject-Token` response header of `createToken`.",
        auto_error=False,
    )
)
"""Documents the token header; :func:`authenticate` validates the token."""


def address_of(request: Request) -> str:
    """Return the client's network address, or an empty string if it is unknown."""
    return request.client.host if request.client else ""


async def authenticate(request: Request) -> Caller:
    """Authenticate the caller by the ``X-Auth-Token`` header or a signature in ``Authorization``.

    Raises:
        ServiceError: ``APIG.0301``, ``FRS.0002`` or ``FRS.0002/401``
    """
    caller = await run_in_threadpool(await _authentication(request))
    request.state.slot.verify()
    return caller


async def _authentication(request: Request) -> Callable[[], Caller]:
    """Return the blocking part of :func:`authenticate`, to be called on a thread: it reads the database."""
    authenticator = services_of(request).authenticator
    token = request.headers.get("x-auth-token")
    if token:
        return partial(authenticator.authenticate_token, token)
    if "authorization" not in request.headers:
        raise ServiceError("APIG.0301", "x-auth-token not found")
    signed, address = _signed_head(request), address_of(request)
    announced_size = announced_body_size(request)
    if announced_size is None or announced_size > limits.MAX_UNVERIFIED_BODY_BYTES:
        await run_in_threadpool(authenticator.check_signer, signed, address)
    signed = replace(signed, body_sha256=(await raw_body(request)).sha256)
    return partial(authenticator.authenticate_signature, signed, address)


def _signed_head(request: Request) -> SignedRequest:
    """Return a request as the client signed it, before its body is read.

    Header values are the bytes received, and repeated headers are joined by commas.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "surrogateescape")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return SignedRequest(
        method=request.state.method,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("utf-8", "surrogateescape"),
        headers=headers,
        body_sha256="",
    )


class Permission:
    """Dependency that authenticates the caller, requires a role on the project and enforces its quotas.

    Requests that need more than the reader role are recorded in the audit log, and their signatures cannot be replayed. Those of
    readers are recorded if they have an ``event`` of the log.
    """

    def __init__(self, role: Role, event: str = "") -> None:
        self.role = role
        self._event = event

    async def __call__(
        self, request: Request, project_id: Annotated[str, Path(description="Id of the project.")]
    ) -> AsyncIterator[Principal]:
        """Yield the principal while the request is served.

        Raises:
            ServiceError: as :meth:`admit`; ``FRS.0033`` the project has too many concurrent requests.
        """
        principal = await self.admit(request, project_id)
        with services_of(request).quotas.concurrent_request(principal.project.id, principal.limits):
            yield principal

    async def admit(self, request: Request, project_id: str, *, load_set: bool = False) -> Principal:
        """Return the principal of a request to a project, percent-encoded as in the path.

        With ``load_set`` the face set that the path names is read in the same snapshot, for :func:`named_set`.

        Raises:
            ServiceError: as :func:`authenticate` and :meth:`Authenticator.authorize`; ``APIG.0302`` missing role,
                ``FRS.0033`` quota exceeded.
        """
        services = services_of(request)
        authentication = await _authentication(request)

        def admit() -> Principal:
            caller = authentication()
            principal = services.authenticator.authorize(caller, unquote(project_id))
            request.state.project_id = principal.project.id
            principal.require(self.role)
            services.quotas.count_request(principal.project.id, request.scope["route"].name, principal.limits)
            if self.role is not Role.READER:
                services.authenticator.reject_replay(caller)
            if load_set:
                request.state.named_set = services.face_sets.find(principal.project.id, name_of_set(request))
            return principal

        # a signature needs writes: of the last use of its key, and of the signatures that were used
        blocking = not request.headers.get("x-auth-token") or not services.quotas.count_at_once
        principal = await services.short_reads.run(admit, blocking=blocking)
        request.state.slot.verify()
        if self._event or self.role is not Role.READER:
            event = self._event or (READ if request.method == "GET" else WRITE)
            note_audited(request, event, principal.caller.user, principal.project.id)
        return principal


def note_audited(request: Request, event: str, user: User, project_id: str = "") -> None:
    """Mark a request to be recorded in the audit log with its outcome, as an event of a user and of a project, if any."""
    request.state.audited = {"event": event, "user_id": user.id, "actor": user.full_name}
    if project_id:
        request.state.audited["project_id"] = project_id


async def note_write(request: Request, caller: Caller) -> None:
    """Mark a request as a change of credentials: it is recorded in the audit log, and its signature cannot be replayed.

    Raises:
        ServiceError: ``APIG.0301``
    """
    note_audited(request, WRITE, caller.user)
    await run_in_threadpool(services_of(request).authenticator.reject_replay, caller)


_IAM_KEYS: Final = {
    "APIG.0201/400": "IAM.400",
    "APIG.0201/413": "IAM.413",
    "APIG.0201/415": "IAM.415",
    "FRS.0018": "IAM.500",
    "FRS.0033": "IAM.429",
}


def in_iam_envelope(error: ServiceError) -> ServiceError:
    """Convert an error to IAM's envelope. Errors without an IAM counterpart become 401."""
    if error.entry.envelope is Envelope.IAM:
        return error
    if error.entry.key in _IAM_KEYS:
        return ServiceError(_IAM_KEYS[error.entry.key], headers=error.headers)
    return ServiceError("IAM.401", error.message)


async def named_set(
    request: Request,
    face_set_name: Annotated[str, Path(description="Name of the face set.")],
) -> NamedSet:
    """Return the face set that the path of a request names, read when the request was admitted."""
    found: NamedSet | None = getattr(request.state, "named_set", None)
    if found is None:
        services, project_id = services_of(request), request.state.project_id
        found = await services.short_reads.run(lambda: services.face_sets.find(project_id, unquote(face_set_name)))
    return found


async def decoded_set_name(
    request: Request,
    face_set_name: Annotated[str, Path(description="Name of the face set.")],  # noqa: ARG001  # for the document
) -> str:
    """Return the face set name of a request."""
    return name_of_set(request)


def name_of_set(request: Request) -> str:
    """Return the face set name in the path, percent-decoded; a ``%2F`` in it does not separate path segments."""
    return unquote(request.path_params["face_set_name"])


READER, OPERATOR, ADMIN = (Permission(role) for role in (Role.READER, Role.OPERATOR, Role.ADMIN))
SEARCHER = Permission(Role.READER, SEARCH)

Reader = Annotated[Principal, Depends(READER)]
Searcher = Annotated[Principal, Depends(SEARCHER)]
Operator = Annotated[Principal, Depends(OPERATOR)]
Admin = Annotated[Principal, Depends(ADMIN)]
Named = Annotated[NamedSet, Depends(named_set)]
SetName = Annotated[str, Depends(decoded_set_name)]


def permission_of(route: Any) -> Permission | None:
    """Return the permission among a route's direct and indirect dependencies; None for a public route."""
    pending = [route.dependant] if getattr(route, "dependant", None) else []
    while pending:
        dependant = pending.pop()
        if isinstance(dependant.call, Permission):
            return dependant.call
        pending += dependant.dependencies
    return None
