"""The part of IAM that FRS clients use: tokens, projects, domains, temporary access keys.

Every refusal below these paths is told in IAM's envelope by :mod:`openfrs.api.app`, wherever it was raised.
"""

from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from openfrs.accounts.authentication import Login, Scope, Session
from openfrs.accounts.principal import Caller
from openfrs.api.auth import TOKEN_HEADER, ServicesDependency, address_of, authenticate, note_write
from openfrs.api.openapi.document import answers_with, body_of, header, query_of
from openfrs.api.requests.body import Input, parsed, raw_body
from openfrs.api.responses import WireResponse
from openfrs.core.errors import ServiceError
from openfrs.services import Services
from openfrs.store.accounts import Domain, Project, User

from .schemas import DomainsAnswer, ProjectsAnswer, TemporaryKeyAnswer, TokenAnswer

router = APIRouter(tags=["identity"])

SUBJECT_TOKEN = "X-Subject-Token"  # noqa: S105  # the name of a header
REGION = "local"
CATALOG = "face"

_SUBJECT: Final = header(SUBJECT_TOKEN, "The token that is asked about.")

IamCaller = Annotated[Caller, Depends(authenticate)]
T = TypeVar("T", bound=Input)


class NamedInput(Input):
    """A thing given by id or by name."""

    id: str | None = None
    name: str | None = None


class UserInput(NamedInput):
    """A user with password; a name needs a domain."""

    password: Annotated[str, Field(max_length=256)]
    domain: NamedInput = NamedInput()


class PasswordInput(Input):
    """The password method."""

    user: UserInput


class OldTokenInput(Input):
    """The token method; ``duration_seconds`` is for temporary access keys."""

    id: str | None = None
    duration_seconds: Annotated[int, Field(ge=900, le=86_400)] = 900


class IdentityInput(Input):
    """How the caller proves who it is: by exactly one method."""

    methods: Annotated[list[str], Field(min_length=1, max_length=1)]
    password: PasswordInput | None = None
    token: OldTokenInput | None = None


class ScopeInput(Input):
    """What the token is for; a project goes before a domain."""

    project: NamedInput | None = None
    domain: NamedInput | None = None


class AuthInput(Input):
    """The request for a token or a temporary access key."""

    identity: IdentityInput
    scope: ScopeInput | None = None


class TokenInput(Input):
    """The body of such a request."""

    auth: AuthInput


class TokenQuery(Input):
    """Whether the catalogue is wanted: any text means no."""

    nocatalog: str | None = None


class ProjectsQuery(Input):
    """Which projects to list."""

    name: str | None = None


_LISTED: Final[dict[str, Any]] = {
    "response_model": ProjectsAnswer,
    "dependencies": [TOKEN_HEADER],
    "openapi_extra": query_of(ProjectsQuery),
}


@router.post(
    "/v3/auth/tokens",
    status_code=201,
    response_model=TokenAnswer,
    responses=answers_with(SUBJECT_TOKEN, "The token.", 201),
    openapi_extra={**body_of(TokenInput, multipart=False), **query_of(TokenQuery)},
)
async def create_token(request: Request, services: ServicesDependency) -> Response:
    """Issue a token for a password, or for another token; it is in the answer's ``X-Subject-Token`` header."""
    auth = (await _read(request, TokenInput)).auth
    scope = _scope(auth.scope)
    match auth.identity:
        case IdentityInput(methods=["password"], password=PasswordInput(user=user)):
            login = Login(
                password=user.password,
                address=address_of(request),
                user_id=user.id,
                user_name=user.name,
                domain_id=user.domain.id,
                domain_name=user.domain.name,
                scope=scope,
            )
            session = await _sign_in(request, services, login)
        case IdentityInput(methods=["token"], token=OldTokenInput(id=str(text))):
            session = await run_in_threadpool(services.authenticator.rescope, text, scope)
        case IdentityInput(methods=["password" | "token"]):
            raise ServiceError("IAM.400")
        case _:
            raise ServiceError("IAM.401", "The authentication method is not supported.")
    return WireResponse(_token(request, session), 201, {SUBJECT_TOKEN: session.text})


@router.get(
    "/v3/auth/tokens",
    response_model=TokenAnswer,
    responses=answers_with(SUBJECT_TOKEN, "The token.", 200),
    dependencies=[TOKEN_HEADER],
    openapi_extra={"parameters": [*query_of(TokenQuery)["parameters"], _SUBJECT]},
)
async def show_token(request: Request, caller: IamCaller, services: ServicesDependency) -> Response:
    """What the token in ``X-Subject-Token`` stands for: one's own, or one of a user of the same domain."""
    session = await run_in_threadpool(services.authenticator.inspect, _subject_token(request))
    _same_domain(caller, session)
    return WireResponse(_token(request, session), headers={SUBJECT_TOKEN: session.text})


@router.delete(
    "/v3/auth/tokens", status_code=204, dependencies=[TOKEN_HEADER], openapi_extra={"parameters": [_SUBJECT]}
)
async def revoke_token(request: Request, caller: IamCaller, services: ServicesDependency) -> Response:
    """End the token in ``X-Subject-Token``: one's own."""
    text = _subject_token(request)
    session = await run_in_threadpool(services.authenticator.inspect, text)
    if session.user.id != caller.user.id:
        raise ServiceError("IAM.403")
    await note_write(request, caller)
    await run_in_threadpool(services.authenticator.revoke, text)
    return Response(status_code=204)


@router.get("/v3/projects", **_LISTED)
@router.get("/v3/auth/projects", **_LISTED)
async def list_projects(request: Request, caller: IamCaller, services: ServicesDependency) -> Response:
    """The projects on which the caller has a role, all or the one of a name."""
    name = request.query_params.get("name")
    projects = await run_in_threadpool(services.authenticator.projects, caller.user, name)
    rows = [_project(project, _base(request)) for project in projects]
    return WireResponse({"projects": rows, "links": _links(_base(request), request.scope["path"])})


@router.get("/v3/auth/domains", response_model=DomainsAnswer, dependencies=[TOKEN_HEADER])
async def list_domains(request: Request, caller: IamCaller, services: ServicesDependency) -> Response:
    """The domain of the caller."""
    domains = [
        {
            **_domain(domain),
            "enabled": True,
            "description": "",
            "links": _links(_base(request), f"/v3/domains/{domain.id}"),
        }
        for domain in services.authenticator.domains(caller.user)
    ]
    return WireResponse({"domains": domains, "links": _links(_base(request), request.scope["path"])})


@router.post(
    "/v3.0/OS-CREDENTIAL/securitytokens",
    status_code=201,
    response_model=TemporaryKeyAnswer,
    openapi_extra=body_of(TokenInput, multipart=False),
)
async def create_temporary_key(request: Request, services: ServicesDependency) -> Response:
    """An access key that expires, for the token of the body or of ``X-Auth-Token``."""
    identity = (await _read(request, TokenInput)).auth.identity
    if identity.methods != ["token"]:
        raise ServiceError("IAM.400")
    asked = identity.token or OldTokenInput()
    if asked.id is not None:
        caller = await run_in_threadpool(services.authenticator.authenticate_token, asked.id)
    else:
        caller = await authenticate(request)
    await note_write(request, caller)
    key = services.authenticator.create_temporary_key(caller, asked.duration_seconds)
    credential = {
        "access": key.access_key,
        "secret": key.secret_key,
        "securitytoken": key.security_token,
        "expires_at": _time(key.expires_at),
    }
    return WireResponse({"credential": credential}, 201)


async def _sign_in(request: Request, services: Services, login: Login) -> Session:
    try:
        return await services.login_queue.sign_in(login)
    except ServiceError as error:
        services.audit.record(
            "login failed",
            request_id=request.state.request_id,
            address=login.address,
            account=login.account[:200],
            reason=error.message,
        )
        raise


async def _read(request: Request, model: type[T]) -> T:
    try:
        return await parsed(model, (await raw_body(request)).content)
    except ValueError:
        raise ServiceError("IAM.400") from None


def _scope(asked: ScopeInput | None) -> Scope:
    project = (asked and asked.project) or NamedInput()
    domain = (asked and asked.domain) or NamedInput()
    return Scope(project.id, project.name, domain.id, domain.name)


def _subject_token(request: Request) -> str:
    text = request.headers.get(SUBJECT_TOKEN, "")
    if not text:
        raise ServiceError("IAM.400")
    return text


def _same_domain(caller: Caller, session: Session) -> None:
    if session.user.domain.id != caller.user.domain.id:
        raise ServiceError("IAM.404")


def _token(request: Request, session: Session) -> dict[str, Any]:
    token: dict[str, Any] = {
        "catalog": [] if request.query_params.get("nocatalog") else [_catalog_entry(session, _base(request))],
        "expires_at": _time(session.token.expires_at),
        "issued_at": _time(session.token.issued_at),
        "methods": list(session.token.methods),
        "roles": [] if session.role is None else [{"id": str(session.role), "name": str(session.role)}],
        "user": _user(session.user),
    }
    if session.project is not None:
        project = session.project
        token["project"] = {"domain": _domain(project.domain), "id": project.id, "name": project.name}
    else:
        token["domain"] = _domain(session.user.domain)
    return {"token": token}


def _catalog_entry(session: Session, base: str) -> dict[str, Any]:
    scope = f"/{session.project.id}" if session.project else ""
    endpoint = {
        "id": CATALOG,
        "interface": "public",
        "region": REGION,
        "region_id": REGION,
        "url": f"{base}/v2{scope}",
    }
    return {"id": CATALOG, "name": CATALOG, "type": CATALOG, "endpoints": [endpoint]}


def _user(user: User) -> dict[str, Any]:
    return {"domain": _domain(user.domain), "id": user.id, "name": user.name, "password_expires_at": ""}


def _domain(domain: Domain) -> dict[str, Any]:
    return {"id": domain.id, "name": domain.name}


def _project(project: Project, base: str) -> dict[str, Any]:
    return {
        "domain_id": project.domain.id,
        "is_domain": False,
        "parent_id": project.domain.id,
        "name": project.name,
        "description": "",
        "id": project.id,
        "enabled": project.enabled,
        "links": _links(base, f"/v3/projects/{project.id}"),
    }


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _links(base: str, path: str) -> dict[str, str | None]:
    return {"next": None, "previous": None, "self": base + path}


def _time(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
