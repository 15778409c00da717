"""Request and response bodies of the IAM routes."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from openfrs.api.extensions.account_schemas import NamedDomain
from openfrs.api.requests.body import Input
from openfrs.core import limits

Name = Annotated[str, Field(max_length=limits.MAX_NAME_LENGTH)]
"""A name or an id. A longer one is rejected before anything is looked up, counted or recorded by it."""


class NamedInput(Input):
    """An object given by id or by name."""

    id: Name | None = None
    name: Name | None = None


class UserInput(NamedInput):
    """A user with a password; a name needs a domain."""

    password: Annotated[str, Field(max_length=limits.MAX_PASSWORD_LENGTH)]
    domain: NamedInput = NamedInput()


class PasswordInput(Input):
    """Credentials of the password method."""

    user: UserInput


class OldTokenInput(Input):
    """Credentials of the token method; `duration_seconds` applies to temporary access keys only."""

    id: str | None = None
    duration_seconds: Annotated[
        int, Field(ge=900, le=86_400, description="Lifetime of a temporary access key in seconds.")
    ] = 900


class IdentityInput(Input):
    """The caller's credentials, by exactly one method."""

    methods: Annotated[list[str], Field(min_length=1, max_length=1, description="`password` or `token`.")]
    password: PasswordInput | None = None
    token: OldTokenInput | None = None


class ScopeInput(Input):
    """The scope of a token; a project takes precedence over a domain. Other scopes, such as `system`, are rejected."""

    model_config = ConfigDict(extra="allow")

    project: NamedInput | None = None
    domain: NamedInput | None = None


def _scope_or_none(value: Any) -> Any:
    """Accept the word that OpenStack's clients send for no scope."""
    return None if value == "unscoped" else value


class AuthInput(Input):
    """A request for a token or a temporary access key."""

    identity: IdentityInput
    scope: Annotated[ScopeInput | None, BeforeValidator(_scope_or_none)] = None


class TokenInput(Input):
    """The body of a request for a token or a temporary access key."""

    auth: AuthInput


class TokenQuery(Input):
    """Query of a token request: any `nocatalog` leaves the catalogue empty."""

    nocatalog: str | None = Field(None, description="Any value leaves the catalogue empty.")


class ProjectsQuery(Input):
    """Filter of the listed projects."""

    name: str | None = Field(None, description="Return only the project with this name.")


Timestamp = Annotated[datetime, PlainSerializer(lambda value: value.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), return_type=str)]
"""A time in UTC with microseconds."""


class Links(BaseModel):
    """The URL of an object or of a list; a list has one page."""

    next: str | None
    previous: str | None
    self_: str = Field(serialization_alias="self")


class CatalogEndpoint(BaseModel):
    """The URL at which a service is reached."""

    id: str
    interface: str
    region: str
    region_id: str
    url: str


class CatalogEntry(BaseModel):
    """A service of the catalogue."""

    id: str
    name: str
    type: str
    endpoints: list[CatalogEndpoint]


class CatalogResponse(BaseModel):
    """The services that the caller can reach."""

    catalog: list[CatalogEntry]
    links: Links


class VersionLink(BaseModel):
    """The URL of a version."""

    rel: str
    href: str


class MediaType(BaseModel):
    """A media type of the identity API."""

    base: str
    type: str


class IdentityVersion(BaseModel):
    """A version of the identity API."""

    id: str
    status: str
    updated: str
    links: list[VersionLink]
    media_types: list[MediaType] = Field(serialization_alias="media-types")


class VersionResponse(BaseModel):
    """The version of the identity API."""

    version: IdentityVersion


class VersionValues(BaseModel):
    """The versions of the identity API."""

    values: list[IdentityVersion]


class VersionsResponse(BaseModel):
    """The versions of the identity API, below the key that OpenStack clients read."""

    versions: VersionValues


class TokenRole(BaseModel):
    """The role on the token's project."""

    id: str
    name: str


class TokenUser(BaseModel):
    """The user that a token was issued to."""

    domain: NamedDomain
    id: str
    name: str
    password_expires_at: str


class TokenProject(BaseModel):
    """The project that a token is scoped to."""

    domain: NamedDomain
    id: str
    name: str


class TokenDescription(BaseModel):
    """A token scoped to a project or else to a domain; times are in UTC."""

    catalog: list[CatalogEntry]
    expires_at: Timestamp
    issued_at: Timestamp
    methods: list[str]
    roles: list[TokenRole]
    user: TokenUser
    project: TokenProject | None = None
    domain: NamedDomain | None = None


class TokenResponse(BaseModel):
    """The description of a token; the token itself is in the `X-Subject-Token` header."""

    token: TokenDescription


class ListedProject(BaseModel):
    """A project on which the caller has a role."""

    domain_id: str
    is_domain: bool
    parent_id: str
    name: str
    description: str
    id: str
    enabled: bool
    links: Links


class ProjectsResponse(BaseModel):
    """The caller's projects."""

    projects: list[ListedProject]
    links: Links


class ListedDomain(NamedDomain):
    """The caller's domain."""

    enabled: bool
    description: str
    links: Links


class DomainsResponse(BaseModel):
    """The caller's domain, as a list."""

    domains: list[ListedDomain]
    links: Links


class TemporaryKey(BaseModel):
    """An access key with its time of expiry (UTC)."""

    access: str
    secret: str
    securitytoken: str
    expires_at: Timestamp


class TemporaryKeyResponse(BaseModel):
    """A new temporary access key; the secret is returned only once."""

    credential: TemporaryKey
