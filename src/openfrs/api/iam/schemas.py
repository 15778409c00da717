"""What the IAM routes answer, for the API's document: the routes build the objects themselves."""

from pydantic import BaseModel, Field

from openfrs.api.extensions.account_schemas import NamedDomain


class Links(BaseModel):
    """Where an object or a list is; lists have one page."""

    next: str | None
    previous: str | None
    self_: str = Field(alias="self")


class CatalogEndpoint(BaseModel):
    """Where FRS is served."""

    id: str
    interface: str
    region: str
    region_id: str
    url: str


class CatalogEntry(BaseModel):
    """The one service of the catalogue."""

    id: str
    name: str
    type: str
    endpoints: list[CatalogEndpoint]


class TokenRole(BaseModel):
    """The role on the token's project."""

    id: str
    name: str


class TokenUser(BaseModel):
    """Whose token it is."""

    domain: NamedDomain
    id: str
    name: str
    password_expires_at: str


class TokenProject(BaseModel):
    """The project a token is for."""

    domain: NamedDomain
    id: str
    name: str


class TokenDescription(BaseModel):
    """A token for a project or, without one, for a domain; times are UTC."""

    catalog: list[CatalogEntry]
    expires_at: str
    issued_at: str
    methods: list[str]
    roles: list[TokenRole]
    user: TokenUser
    project: TokenProject | None = None
    domain: NamedDomain | None = None


class TokenAnswer(BaseModel):
    """What a token stands for; its text is in ``X-Subject-Token``."""

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


class ProjectsAnswer(BaseModel):
    """The caller's projects."""

    projects: list[ListedProject]
    links: Links


class ListedDomain(NamedDomain):
    """The caller's domain."""

    enabled: bool
    description: str
    links: Links


class DomainsAnswer(BaseModel):
    """The caller's domain, as a list."""

    domains: list[ListedDomain]
    links: Links


class TemporaryKey(BaseModel):
    """An access key that expires (UTC)."""

    access: str
    secret: str
    securitytoken: str
    expires_at: str


class TemporaryKeyAnswer(BaseModel):
    """The new key; its secret is shown this once."""

    credential: TemporaryKey
