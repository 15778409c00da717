"""Discovery for IAM clients: the catalogue of services, and the version of the identity API."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from openfrs.accounts.principal import Caller
from openfrs.api.auth import TOKEN_HEADER, authenticate
from openfrs.api.browsers import console_redirect
from openfrs.api.dependencies import AuthenticatorDep
from openfrs.api.openapi.refusals import refuses_in_iam, refuses_without_project
from openfrs.api.responses import WireResponse

from .schemas import (
    CatalogEndpoint,
    CatalogEntry,
    CatalogResponse,
    IdentityVersion,
    Links,
    MediaType,
    VersionLink,
    VersionResponse,
    VersionsResponse,
    VersionValues,
)

router = APIRouter(tags=["identity"])

REGION: Final = "local"

IamCaller = Annotated[Caller, Depends(authenticate)]


@router.get(
    "/v3/auth/catalog",
    response_model=CatalogResponse,
    responses=refuses_in_iam(),
    dependencies=[TOKEN_HEADER],
)
async def show_catalog(request: Request, caller: IamCaller, authenticator: AuthenticatorDep) -> WireResponse:
    """List the services. The URL of FRS has the project of the token or, with a signature, of the `X-Project-Id` header."""
    project_id = caller.project_id
    if project_id is None:
        named = request.headers.get("x-project-id", "")
        projects = await run_in_threadpool(authenticator.list_projects, caller.user)
        project_id = named if any(project.id == named for project in projects) else ""
    links = Links(next=None, previous=None, self_=base_url(request) + request.scope["path"])
    return json_response(CatalogResponse(catalog=catalog_of(request, project_id), links=links))


@router.get("/", include_in_schema=False)
async def list_versions(request: Request) -> Response:
    """List the versions of the identity API: the one at `/v3`. A browser is redirected to the console."""
    versions = VersionsResponse(versions=VersionValues(values=[_version(request)]))
    return console_redirect(request) or json_response(versions, headers={"Vary": "Accept"})


@router.get("/v3/", include_in_schema=False)
@router.get("/v3", summary="Show the identity API", response_model=VersionResponse, responses=refuses_without_project())
async def show_version(request: Request) -> WireResponse:
    """Show the version of the identity API, by which IAM clients find its URL."""
    return json_response(VersionResponse(version=_version(request)))


def catalog_of(request: Request, project_id: str) -> list[CatalogEntry]:
    """Return FRS and IAM with their URLs; that of FRS ends with the project, if there is one."""
    base = base_url(request)
    return [
        _entry("face", f"{base}/v2/{project_id}".rstrip("/")),
        _entry("identity", f"{base}/v3"),  # the type by which OpenStack clients find IAM
        _entry("iam", f"{base}/v3.0"),
    ]


def base_url(request: Request) -> str:
    """Return scheme, host and port as the client sees them."""
    return str(request.base_url).rstrip("/")


def json_response(model: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> WireResponse:
    """Return a response with a model's fields, except those that were not set."""
    return WireResponse(model.model_dump_json(by_alias=True, exclude_unset=True).encode(), status, headers)


def _entry(service: str, url: str) -> CatalogEntry:
    endpoint: dict[str, Any] = {"id": service, "interface": "public", "region": REGION, "region_id": REGION, "url": url}
    return CatalogEntry(id=service, name=service, type=service, endpoints=[CatalogEndpoint(**endpoint)])


def _version(request: Request) -> IdentityVersion:
    return IdentityVersion(
        id="v3.6",
        status="stable",
        updated="2016-04-04T00:00:00Z",
        links=[VersionLink(rel="self", href=f"{base_url(request)}/v3/")],
        media_types=[MediaType(base="application/json", type="application/vnd.openstack.identity-v3+json")],
    )
