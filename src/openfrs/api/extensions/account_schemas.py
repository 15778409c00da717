"""Response bodies of the routes for account management."""

from datetime import datetime

from pydantic import BaseModel, Field

from openfrs.accounts.quotas import ProjectLimits
from openfrs.store.accounts import Domain, Project
from openfrs.store.credentials import AccessKey


class NamedDomain(BaseModel):
    """A domain (an organisation)."""

    id: str
    name: str

    @classmethod
    def of(cls, domain: Domain) -> "NamedDomain":
        """Convert a domain."""
        return cls(id=domain.id, name=domain.name)


class ProjectResponse(BaseModel):
    """A project and its limits."""

    id: str
    name: str
    domain: NamedDomain
    limits: ProjectLimits
    limits_editable: bool = Field(description="True if the admins of the project can change its limits.")

    @classmethod
    def of(cls, project: Project, limits: ProjectLimits, *, editable: bool) -> "ProjectResponse":
        """Convert a project with its effective limits."""
        return cls(
            id=project.id,
            name=project.name,
            domain=NamedDomain.of(project.domain),
            limits=limits,
            limits_editable=editable,
        )


class UserResponse(BaseModel):
    """A user and the user's role on the project; an empty role means none."""

    id: str
    name: str
    enabled: bool
    role: str


class UsersResponse(BaseModel):
    """The users of a project."""

    users: list[UserResponse]


class OneUserResponse(BaseModel):
    """The current state of a user."""

    user: UserResponse


class DeletedUserResponse(BaseModel):
    """The user who was deleted."""

    id: str
    name: str


class PasswordResponse(BaseModel):
    """A new password, returned only once."""

    password: str


class NewUserResponse(OneUserResponse, PasswordResponse):
    """A new user and the user's password, returned only once."""


class KeyResponse(BaseModel):
    """An access key; times are in UTC, and `last_used_at` is missing if the key was never used."""

    access_key: str
    created_at: str
    last_used_at: str | None = None

    @classmethod
    def of(cls, key: AccessKey) -> "KeyResponse":
        """Convert an access key, without its secret."""
        used = None if key.last_used_at is None else _time(key.last_used_at)
        return cls(access_key=key.access_key, created_at=_time(key.created_at), last_used_at=used)


class KeysResponse(BaseModel):
    """The access keys of a user."""

    keys: list[KeyResponse]


class NewKeyResponse(BaseModel):
    """A new access key; the secret key is returned only once."""

    access_key: str
    secret_key: str


class DeletedKeyResponse(BaseModel):
    """The access key that was deleted."""

    access_key: str


def _time(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
