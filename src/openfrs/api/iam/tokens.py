"""The part of IAM that FRS clients use: tokens, projects, domains and temporary access keys.

:mod:`openfrs.api.error_handlers` renders all errors of these paths in IAM's envelope.
"""

from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from openfrs.accounts.audit.log import SIGN_IN
from openfrs.accounts.authentication import Login, Scope, Session
from openfrs.accounts.principal import Caller
from openfrs.api.auth import TOKEN_HEADER, address_of, authenticate, note_audited, note_write
from openfrs.api.dependencies import AuthenticatorDep, LoginQueueDep
from openfrs.api.extensions.account_schemas import NamedDomain
from openfrs.api.openapi.document import body_of, header, query_of, returns_header
from openfrs.api.openapi.refusals import refuses_in_iam
from openfrs.api.requests.body import read_iam_input
from openfrs.api.responses import WireResponse
from openfrs.core.errors import ServiceError
from openfrs.core.threads import run_write
from openfrs.store.accounts import Project, User

from .catalog import IamCaller, base_url, catalog_of, json_response
from .schemas import (
    DomainsResponse,
    IdentityInput,
    Links,
    ListedDomain,
    ListedProject,
    NamedInput,
    OldTokenInput,
    PasswordInput,
    ProjectsQuery,
    ProjectsResponse,
    ScopeInput,
    TemporaryKey,
    TemporaryKeyResponse,
    TokenDescription,
    TokenInput,
    TokenProject,
    TokenQuery,
    TokenResponse,
    TokenRole,
    TokenUser,
)

router = APIRouter(tags=["identity"])

SUBJECT_TOKEN = "X-Subject-Token"  # noqa: S105  # the name of a header

_SUBJECT: Final = header(SUBJECT_TOKEN, "The token to inspect or revoke.")

_LIST_PROJECTS: Final[dict[str, Any]] = {
    "response_model": ProjectsResponse,
    "responses": refuses_in_iam(),
    "dependencies": [TOKEN_HEADER],
    "openapi_extra": query_of(ProjectsQuery),
}


@router.post(
    "/v3/auth/tokens",
    status_code=201,
    response_model=TokenResponse,
    responses={**returns_header(SUBJECT_TOKEN, "The token.", 201), **refuses_in_iam()},
    openapi_extra={**body_of(TokenInput, multipart=False), **query_of(TokenQuery)},
)
async def create_token(request: Request, authenticator: AuthenticatorDep, login_queue: LoginQueueDep) -> Response:
    """Issue a token for a password or for another token, in the `X-Subject-Token` response header."""
    auth = (await read_iam_input(request, TokenInput)).auth
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
                request_id=request.state.request_id,
            )
            session = await login_queue.sign_in(login)
            note_audited(request, SIGN_IN, session.user, session.project.id if session.project else "")
        case IdentityInput(methods=["token"], token=OldTokenInput(id=str(text))):
            session = await run_in_threadpool(authenticator.rescope, text, scope)
        case IdentityInput(methods=["password" | "token"]):
            raise ServiceError("IAM.400")
        case _:
            raise ServiceError("IAM.401", "The authentication method is not supported.")
    return token_response(request, session, 201)


@router.get(
    "/v3/auth/tokens",
    response_model=TokenResponse,
    responses={**returns_header(SUBJECT_TOKEN, "The token.", 200), **refuses_in_iam("IAM.404")},
    dependencies=[TOKEN_HEADER],
    openapi_extra={"parameters": [*query_of(TokenQuery)["parameters"], _SUBJECT]},
)
async def show_token(request: Request, caller: IamCaller, authenticator: AuthenticatorDep) -> Response:
    """Describe the token in `X-Subject-Token`: the caller's own, or one of a user of the same domain."""
    session = await run_in_threadpool(authenticator.inspect, _subject_token(request))
    _require_same_domain(caller, session)
    return token_response(request, session, 200)


@router.delete(
    "/v3/auth/tokens",
    status_code=204,
    responses=refuses_in_iam("IAM.403"),
    dependencies=[TOKEN_HEADER],
    openapi_extra={"parameters": [_SUBJECT]},
)
async def revoke_token(request: Request, caller: IamCaller, authenticator: AuthenticatorDep) -> Response:
    """Revoke the token in `X-Subject-Token`, which must be the caller's own."""
    text = _subject_token(request)
    session = await run_in_threadpool(authenticator.inspect, text)
    if session.user.id != caller.user.id:
        raise ServiceError("IAM.403")
    await note_write(request, caller)
    await run_write(authenticator.revoke, text)
    return Response(status_code=204)


@router.get("/v3/projects", **_LIST_PROJECTS)
@router.get("/v3/auth/projects", operation_id="listAuthProjects", **_LIST_PROJECTS)
async def list_projects(request: Request, caller: IamCaller, authenticator: AuthenticatorDep) -> Response:
    """List the projects on which the caller has a role: all of them, or the one with a name."""
    projects = await run_in_threadpool(authenticator.list_projects, caller.user, request.query_params.get("name"))
    listed = [_listed_project(project, request) for project in projects]
    return json_response(ProjectsResponse(projects=listed, links=_links(request, request.scope["path"])))


@router.get(
    "/v3/auth/domains",
    response_model=DomainsResponse,
    responses=refuses_in_iam(),
    dependencies=[TOKEN_HEADER],
)
async def list_domains(request: Request, caller: IamCaller, authenticator: AuthenticatorDep) -> Response:
    """List the domain of the caller."""
    domains = [
        ListedDomain(
            id=domain.id,
            name=domain.name,
            enabled=True,
            description="",
            links=_links(request, f"/v3/domains/{domain.id}"),
        )
        for domain in authenticator.list_domains(caller.user)
    ]
    return json_response(DomainsResponse(domains=domains, links=_links(request, request.scope["path"])))


@router.post(
    "/v3.0/OS-CREDENTIAL/securitytokens",
    status_code=201,
    response_model=TemporaryKeyResponse,
    responses=refuses_in_iam(),
    openapi_extra=body_of(TokenInput, multipart=False),
)
async def create_temporary_key(request: Request, authenticator: AuthenticatorDep) -> Response:
    """Create a temporary access key for the token in the body or in `X-Auth-Token`. It expires after `duration_seconds`."""
    identity = (await read_iam_input(request, TokenInput)).auth.identity
    if identity.methods != ["token"]:
        raise ServiceError("IAM.400")
    token = identity.token or OldTokenInput()
    if token.id is not None:
        caller = await run_in_threadpool(authenticator.authenticate_token, token.id)
    else:
        caller = await authenticate(request)
    await note_write(request, caller)
    key = authenticator.create_temporary_key(caller, token.duration_seconds)
    credential = TemporaryKey(
        access=key.access_key, secret=key.secret_key, securitytoken=key.security_token, expires_at=key.expires_at
    )
    return json_response(TemporaryKeyResponse(credential=credential), 201)


def _scope(values: ScopeInput | None) -> Scope:
    if values is None:
        return Scope()
    if any(value is not None for value in (values.model_extra or {}).values()):
        raise ServiceError("IAM.401", "A token has the scope of a project or a domain, and no other.")
    project, domain = values.project or NamedInput(), values.domain or NamedInput()
    return Scope(project.id, project.name, domain.id, domain.name)


def _subject_token(request: Request) -> str:
    text = request.headers.get(SUBJECT_TOKEN, "")
    if not text:
        raise ServiceError("IAM.400")
    return text


def _require_same_domain(caller: Caller, session: Session) -> None:
    if session.user.domain.id != caller.user.domain.id:
        raise ServiceError("IAM.404")


def token_response(request: Request, session: Session, status: int) -> WireResponse:
    """Return a token with its description."""
    has_catalog = not request.query_params.get("nocatalog")
    token = TokenDescription(
        catalog=catalog_of(request, session.project.id if session.project else "") if has_catalog else [],
        expires_at=session.token.expires_at,
        issued_at=session.token.issued_at,
        methods=list(session.token.methods),
        roles=[] if session.role is None else [TokenRole(id=str(session.role), name=str(session.role))],
        user=_token_user(session.user),
        **_token_scope(session),
    )
    return json_response(TokenResponse(token=token), status, {SUBJECT_TOKEN: session.text})


def _token_scope(session: Session) -> dict[str, Any]:
    if session.project is None:
        return {"domain": NamedDomain.of(session.user.domain)}
    project = session.project
    return {"project": TokenProject(domain=NamedDomain.of(project.domain), id=project.id, name=project.name)}


def _token_user(user: User) -> TokenUser:
    return TokenUser(domain=NamedDomain.of(user.domain), id=user.id, name=user.name, password_expires_at="")


def _listed_project(project: Project, request: Request) -> ListedProject:
    return ListedProject(
        domain_id=project.domain.id,
        is_domain=False,
        parent_id=project.domain.id,
        name=project.name,
        description="",
        id=project.id,
        enabled=project.enabled,
        links=_links(request, f"/v3/projects/{project.id}"),
    )


def _links(request: Request, path: str) -> Links:
    return Links(next=None, previous=None, self_=base_url(request) + path)
