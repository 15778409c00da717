"""What the routes for managing accounts answer."""

from datetime import datetime

from pydantic import BaseModel

from openfrs.accounts.quotas import ProjectLimits
from openfrs.store.accounts import AccessKey


class NamedDomain(BaseModel):
    """An organisation."""

    id: str
    name: str


class ProjectAnswer(BaseModel):
    """A project and the limits that hold for it."""

    id: str
    name: str
    domain: NamedDomain
    limits: ProjectLimits


class UserAnswer(BaseModel):
    """A user with the role on the project, empty for none."""

    id: str
    name: str
    enabled: bool
    role: str


class UsersAnswer(BaseModel):
    """The users of a project."""

    users: list[UserAnswer]


class OneUserAnswer(BaseModel):
    """A user as it is now."""

    user: UserAnswer


class PasswordAnswer(BaseModel):
    """A password, shown this once."""

    password: str


class NewUserAnswer(OneUserAnswer, PasswordAnswer):
    """A new user and its password, shown this once."""


class KeyAnswer(BaseModel):
    """An access key; times are UTC, and one never used has no last use."""

    access_key: str
    created_at: str
    last_used_at: str | None = None

    @classmethod
    def of(cls, key: AccessKey) -> "KeyAnswer":
        """A key as these routes show it."""
        used = None if key.last_used_at is None else _time(key.last_used_at)
        return cls(access_key=key.access_key, created_at=_time(key.created_at), last_used_at=used)


class KeysAnswer(BaseModel):
    """The access keys of a user."""

    keys: list[KeyAnswer]


class NewKeyAnswer(BaseModel):
    """A new access key; the secret key is shown this once."""

    access_key: str
    secret_key: str


class DeletedKeyAnswer(BaseModel):
    """The access key that was deleted."""

    access_key: str


def _time(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
