"""The part of IAM that FRS clients use: tokens and projects."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..accounts.access import Login, Session
from ..accounts.principal import Principal
from ..errors import Envelope, ServiceError
from ..store.accounts import Domain, Project, User
from .body import Input, raw_body
from .documentation import body_of, query_of
from .security import ServicesDependency, authenticate
from .wire import WireResponse

router = APIRouter(prefix="/v3", tags=["identity"])


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


class IdentityInput(Input):
    """How the caller proves who it is."""

    methods: Annotated[list[str], Field(min_length=1, max_length=1)]
    password: PasswordInput


class ScopeInput(Input):
    """What the token is for."""

    project: NamedInput | None = None
    domain: NamedInput | None = None


class AuthInput(Input):
    """The request for a token."""

    identity: IdentityInput
    scope: ScopeInput | None = None


class TokenInput(Input):
    """The body of a token request."""

    auth: AuthInput


class ProjectsQuery(Input):
    """Which projects to list."""

    name: str | None = None


async def iam_principal(request: Request) -> Principal:
    """The caller; a refusal is told in IAM's envelope."""
    try:
        return await authenticate(request)
    except ServiceError as error:
        if error.entry.envelope is Envelope.IAM:
            raise
        raise ServiceError("IAM.401", error.message) from None


@router.post("/auth/tokens", status_code=201, openapi_extra=body_of(TokenInput, multipart=False))
async def create_token(request: Request, services: ServicesDependency) -> Response:
    """Issue a token for a user's password; it is in the answer's ``X-Subject-Token`` header."""
    try:
        auth = TokenInput.model_validate_json(await raw_body(request)).auth
    except ValidationError:
        raise ServiceError("IAM.400") from None
    session = await run_in_threadpool(services.access.sign_in, _login(auth))
    return WireResponse({"token": _token(session)}, 201, {"X-Subject-Token": session.text})


@router.get("/projects", openapi_extra=query_of(ProjectsQuery))
async def list_projects(
    request: Request, principal: Annotated[Principal, Depends(iam_principal)], services: ServicesDependency
) -> Response:
    """The projects of the caller's domain, all or those of a name."""
    projects = await run_in_threadpool(services.access.projects, principal, request.query_params.get("name"))
    base = str(request.base_url)
    return WireResponse(
        {"projects": [_project(project, base) for project in projects], "links": _links(f"{base}v3/projects")}
    )


def _login(auth: AuthInput) -> Login:
    if auth.identity.methods != ["password"]:
        raise ServiceError("IAM.401", "The authentication method is not supported.")
    user = auth.identity.password.user
    scope = (auth.scope and auth.scope.project) or NamedInput()
    return Login(
        password=user.password,
        user_id=user.id,
        user_name=user.name,
        domain_id=user.domain.id,
        domain_name=user.domain.name,
        project_id=scope.id,
        project_name=scope.name,
    )


def _token(session: Session) -> dict[str, Any]:
    token: dict[str, Any] = {
        "catalog": [],
        "expires_at": _time(session.token.expires_at),
        "issued_at": _time(session.token.issued_at),
        "methods": ["password"],
        "roles": [],
        "user": _user(session.user),
    }
    if session.project is not None:
        project = session.project
        token["project"] = {"domain": _domain(project.domain), "id": project.id, "name": project.name}
    else:
        token["domain"] = _domain(session.user.domain)
    return token


def _user(user: User) -> dict[str, Any]:
    return {"domain": _domain(user.domain), "id": user.id, "name": user.name, "password_expires_at": ""}


def _domain(domain: Domain) -> dict[str, str]:
    return {"id": domain.id, "name": domain.name}


def _project(project: Project, base: str) -> dict[str, Any]:
    return {
        "domain_id": project.domain.id,
        "is_domain": False,
        "parent_id": project.domain.id,
        "name": project.name,
        "description": "",
        "id": project.id,
        "enabled": True,
        "links": _links(f"{base}v3/projects/{project.id}"),
    }


def _links(address: str) -> dict[str, str | None]:
    return {"next": None, "previous": None, "self": address}


def _time(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
