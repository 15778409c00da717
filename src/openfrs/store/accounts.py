"""Domains, users, projects and access keys as rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, Select, func, insert, select

from . import tables
from .database import Database


@dataclass(frozen=True, slots=True)
class Domain:
    """An organisation."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class User:
    """Somebody of a domain who can sign in."""

    id: str
    name: str
    domain: Domain
    password_hash: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Project:
    """What face sets belong to."""

    id: str
    name: str
    domain: Domain


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key for signing requests; ``secret`` is encrypted."""

    access_key: str
    user: User
    secret: bytes


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Everything of a first account, to be written at once."""

    user: User
    project: Project
    access_key: str
    secret: bytes


class AccountRepository:
    """All queries about accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_empty(self) -> bool:
        """Whether there is no domain yet."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(tables.domains)) == 0

    def create(self, account: NewAccount, created_at: datetime) -> None:
        """Write a domain with its first user, project and access key."""
        user, project = account.user, account.project
        with self._database.write() as connection:
            connection.execute(insert(tables.domains).values(id=user.domain.id, name=user.domain.name))
            connection.execute(
                insert(tables.users).values(
                    id=user.id,
                    domain_id=user.domain.id,
                    name=user.name,
                    password_hash=user.password_hash,
                    enabled=user.enabled,
                )
            )
            connection.execute(
                insert(tables.projects).values(id=project.id, domain_id=project.domain.id, name=project.name)
            )
            connection.execute(
                insert(tables.access_keys).values(
                    access_key=account.access_key, user_id=user.id, secret=account.secret, created_at=created_at
                )
            )

    def user(self, user_id: str) -> User | None:
        """A user by id."""
        return self._one_user(_USERS.where(tables.users.c.id == user_id))

    def user_named(self, name: str, *, domain_id: str | None = None, domain_name: str | None = None) -> User | None:
        """A user by name within the domain of an id or a name."""
        domain = tables.domains.c.id == domain_id if domain_id is not None else tables.domains.c.name == domain_name
        return self._one_user(_USERS.where(tables.users.c.name == name, domain))

    def projects(self, domain_id: str, *, project_id: str | None = None, name: str | None = None) -> list[Project]:
        """A domain's projects in order of name: all, or those with an id or a name."""
        query = _PROJECTS.where(tables.projects.c.domain_id == domain_id).order_by(tables.projects.c.name)
        if project_id is not None:
            query = query.where(tables.projects.c.id == project_id)
        if name is not None:
            query = query.where(tables.projects.c.name == name)
        with self._database.read() as connection:
            return [
                Project(row.id, row.name, Domain(row.domain_id, row.domain_name)) for row in connection.execute(query)
            ]

    def access_key(self, access_key: str) -> AccessKey | None:
        """An access key with its user."""
        keys = tables.access_keys
        with self._database.read() as connection:
            row = connection.execute(
                select(keys.c.user_id, keys.c.secret).where(keys.c.access_key == access_key)
            ).first()
            user = row and _user(connection, _USERS.where(tables.users.c.id == row.user_id))
        return AccessKey(access_key, user, row.secret) if row and user else None

    def _one_user(self, query: "Select[tuple[object, ...]]") -> User | None:
        with self._database.read() as connection:
            return _user(connection, query)


_USERS: "Select[tuple[object, ...]]" = select(tables.users, tables.domains.c.name.label("domain_name")).join_from(
    tables.users, tables.domains
)

_PROJECTS: "Select[tuple[object, ...]]" = select(tables.projects, tables.domains.c.name.label("domain_name")).join_from(
    tables.projects, tables.domains
)


def _user(connection: Connection, query: "Select[tuple[object, ...]]") -> User | None:
    row: Row[tuple[object, ...]] | None = connection.execute(query).first()
    if row is None:
        return None
    return User(row.id, row.name, Domain(row.domain_id, row.domain_name), row.password_hash, row.enabled)
