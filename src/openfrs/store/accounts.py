"""All queries about domains, users, projects, roles and access keys."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from openfrs.store.credentials import AccessKey, CredentialRepository
from openfrs.store.db import tables
from openfrs.store.db.errors import retry_on_conflict
from openfrs.store.db.prepared import Prepared, Record, in_list, list_parameters, list_size
from openfrs.store.db.transactions import lock_project

_domains, _users, _projects = tables.domains, tables.users, tables.projects
_grants, _keys, _revoked = tables.grants, tables.access_keys, tables.revoked_tokens


@dataclass(frozen=True, slots=True)
class Domain:
    """An organisation."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class User:
    """A user of a domain.

    A token is valid only for the ``credentials_version`` that it was issued for. While the user has no role, the admins of
    ``home_project_id`` manage it, or only the operator. A password that must be changed does not sign in.
    """

    id: str
    name: str
    domain: Domain
    password_hash: str = field(repr=False)
    enabled: bool = True
    credentials_version: int = 0
    home_project_id: str | None = None
    must_change_password: bool = False

    @property
    def full_name(self) -> str:
        """The names of the domain and the user, as the audit log shows them."""
        return f"{self.domain.name}/{self.name}"


@dataclass(frozen=True, slots=True)
class Project:
    """An owner of face sets. ``limits`` overrides limits of the settings."""

    id: str
    name: str
    domain: Domain
    created_at: datetime
    enabled: bool = True
    limits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """A user's role on a project."""

    user_id: str
    project_id: str
    role: str


class NameTakenError(Exception):
    """The name is already in use."""


class UserMissingError(Exception):
    """The user was deleted."""


class LastHolderError(Exception):
    """The change would leave a project without an enabled user of a role."""


class AccountRepository(CredentialRepository):
    """All queries about accounts."""

    def is_empty(self) -> bool:
        """Return whether there are no domains yet."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(_domains)) == 0

    @retry_on_conflict
    def create(
        self,
        *,
        domains: Sequence[Domain] = (),
        users: Sequence[User] = (),
        projects: Sequence[Project] = (),
        grants: Sequence[Grant] = (),
        keys: Sequence[AccessKey] = (),
    ) -> None:
        """Write new objects, all or none.

        Raises:
            NameTakenError: a name or key is in use, or a reference is invalid.
        """
        rows: dict[Table, list[dict[str, Any]]] = {
            _domains: [asdict(domain) for domain in domains],
            _users: [_values(user) for user in users],
            _projects: [_values(project) for project in projects],
            _grants: [asdict(grant) for grant in grants],
            _keys: [asdict(key) for key in keys],
        }
        try:
            with self._database.write() as connection:
                for table, values in rows.items():
                    if values:
                        connection.execute(insert(table), values)
        except IntegrityError as error:
            raise NameTakenError from error

    # domains

    def find_domain(self, name: str) -> Domain | None:
        """Return a domain by name, or None."""
        with self._database.read() as connection:
            row = connection.execute(select(_domains).where(_domains.c.name == name)).first()
        return None if row is None else Domain(row.id, row.name)

    def find_domain_id(self, *, id: str | None, name: str | None) -> str | None:  # noqa: A002
        """Return the id of a domain that is given by id, or else by name; None if there is none."""
        match = _domains.c.id == id if id is not None else _domains.c.name == name
        with self._database.read() as connection:
            return connection.scalar(select(_domains.c.id).where(match))

    def list_domains(self) -> list[Domain]:
        """Return all domains, sorted by name."""
        with self._database.read() as connection:
            return [Domain(row.id, row.name) for row in connection.execute(select(_domains).order_by(_domains.c.name))]

    # users

    def find_user(self, user_id: str) -> User | None:
        """Return a user by id, or None."""
        return next(iter(self._find_users(_users.c.id == user_id)), None)

    def find_token_user(self, user_id: str, token_ids: Sequence[str]) -> User | None:
        """Return the user of a token, or None if it or a token that it derives from was revoked."""
        ids = token_ids or [""]  # credentials that derive from an access key
        with self._database.read() as connection:
            row = _token_user(list_size(len(ids))).first(connection, {"user": user_id, **list_parameters("token", ids)})
        return None if row is None else _user(row)

    def find_user_by_name(
        self, name: str, *, domain_id: str | None = None, domain_name: str | None = None
    ) -> User | None:
        """Return a user by name and the id or name of a domain, or None."""
        domain = _domains.c.id == domain_id if domain_id is not None else _domains.c.name == domain_name
        return next(iter(self._find_users(_users.c.name == name, domain)), None)

    def list_users(self, domain_id: str) -> list[User]:
        """Return the users of a domain, sorted by name."""
        return self._find_users(_users.c.domain_id == domain_id)

    @retry_on_conflict
    def update_user(
        self,
        user_id: str,
        *,
        password_hash: str | None = None,
        must_change_password: bool | None = None,
        enabled: bool | None = None,
        keeping: Sequence[Grant] = (),
    ) -> None:
        """Update a user, and invalidate all tokens of the user.

        Raises:
            LastHolderError: nobody else has the role of a grant in ``keeping`` on its project.
        """
        values: dict[str, Any] = {"credentials_version": _users.c.credentials_version + 1}
        if password_hash is not None:
            values["password_hash"] = password_hash
        if must_change_password is not None:
            values["must_change_password"] = must_change_password
        if enabled is not None:
            values["enabled"] = enabled
        with self._database.write() as connection:
            _require_other_holders(connection, keeping)
            connection.execute(update(_users).where(_users.c.id == user_id).values(**values))

    @retry_on_conflict
    def delete_user(self, user_id: str, *, keeping: Sequence[Grant] = ()) -> None:
        """Delete a user with its roles and access keys. Its tokens have no user any more.

        Raises:
            LastHolderError: nobody else has the role of a grant in ``keeping`` on its project.
        """
        with self._database.write() as connection:
            _require_other_holders(connection, keeping)
            connection.execute(select(_users.c.id).where(_users.c.id == user_id).with_for_update())
            for column in (_grants.c.user_id, _keys.c.user_id, _users.c.id):
                connection.execute(delete(column.table).where(column == user_id))

    # projects

    def find_project(self, project_id: str) -> Project | None:
        """Return a project by id, or None."""
        return next(iter(self._find_projects(_projects.c.id == project_id)), None)

    def list_projects(self, domain_id: str, *, name: str | None = None) -> list[Project]:
        """Return the projects of a domain, sorted by name: all, or the one with a name."""
        by_name = [] if name is None else [_projects.c.name == name]
        return self._find_projects(_projects.c.domain_id == domain_id, *by_name)

    def list_user_projects(self, user_id: str) -> list[Project]:
        """Return the projects on which a user has a role, sorted by name."""
        granted = select(_grants.c.project_id).where(_grants.c.user_id == user_id)
        return self._find_projects(_projects.c.id.in_(granted))

    @retry_on_conflict
    def update_project(
        self, project_id: str, *, enabled: bool | None = None, limits: Mapping[str, Any] | None = None
    ) -> None:
        """Update a project."""
        values: dict[str, Any] = {}
        if enabled is not None:
            values["enabled"] = enabled
        if limits is not None:
            values["limits"] = dict(limits)
        if values:
            with self._database.write() as connection:
                connection.execute(update(_projects).where(_projects.c.id == project_id).values(**values))

    # roles

    def find_membership(self, user_id: str, project_id: str) -> tuple[Project, str] | None:
        """Return a project and the role of a user on it, or None if there is no project or no role."""
        with self._database.read() as connection:
            row = _MEMBERSHIP.first(connection, {"user": user_id, "project": project_id})
        return None if row is None else (_project(row), row.role)

    def list_grants(self, *, user_id: str | None = None, project_id: str | None = None) -> list[Grant]:
        """Return the grants of a user, of a project, or of both."""
        query = select(_grants).order_by(_grants.c.user_id, _grants.c.project_id)
        if user_id is not None:
            query = query.where(_grants.c.user_id == user_id)
        if project_id is not None:
            query = query.where(_grants.c.project_id == project_id)
        with self._database.read() as connection:
            return [Grant(row.user_id, row.project_id, row.role) for row in connection.execute(query)]

    @retry_on_conflict
    def set_grant(self, grant: Grant, *, keeping: Sequence[Grant] = ()) -> None:
        """Set the role of a user on a project. A change of role invalidates the tokens of the user.

        Raises:
            UserMissingError
            LastHolderError: nobody else has the role of a grant in ``keeping`` on its project.
        """
        with self._database.write() as connection:
            _require_other_holders(connection, keeping)
            connection.execute(select(_users.c.id).where(_users.c.id == grant.user_id).with_for_update(key_share=True))
            self._revoke_grant(connection, grant.user_id, grant.project_id)
            try:
                connection.execute(insert(_grants).values(**asdict(grant)))
            except IntegrityError as error:
                raise UserMissingError from error

    @retry_on_conflict
    def revoke_grant(self, user_id: str, project_id: str, *, keeping: Sequence[Grant] = ()) -> bool:
        """Delete the role of a user on a project, and invalidate the tokens of the user. Return False if there was no role.

        Raises:
            LastHolderError: nobody else has the role of a grant in ``keeping`` on its project.
        """
        with self._database.write() as connection:
            _require_other_holders(connection, keeping)
            return self._revoke_grant(connection, user_id, project_id)

    @staticmethod
    def _revoke_grant(connection: Connection, user_id: str, project_id: str) -> bool:
        match = _grants.c.user_id == user_id, _grants.c.project_id == project_id
        deleted = connection.execute(delete(_grants).where(*match)).rowcount > 0
        if deleted:
            version = _users.c.credentials_version + 1
            connection.execute(
                update(_users)
                .where(_users.c.id == user_id)
                .values(credentials_version=version, home_project_id=project_id)
            )
        return deleted

    # queries and conversion of rows

    def _find_users(self, *where: ColumnElement[bool]) -> list[User]:
        with self._database.read() as connection:
            rows = connection.execute(_USERS.where(*where).order_by(_users.c.name)).all()
        return [_user(row) for row in rows]

    def _find_projects(self, *where: ColumnElement[bool]) -> list[Project]:
        with self._database.read() as connection:
            rows = connection.execute(_PROJECTS.where(*where).order_by(_projects.c.name)).all()
        return [_project(row) for row in rows]


def _require_other_holders(connection: Connection, grants: Sequence[Grant]) -> None:
    """Check that no user is the last enabled one with the role of its grant; lock the rows of the projects."""
    for grant in grants:
        lock_project(connection, grant.project_id)
        holders = select(_users.c.id).join(_grants, _grants.c.user_id == _users.c.id)
        same = _grants.c.project_id == grant.project_id, _grants.c.role == grant.role, _users.c.enabled
        if connection.scalars(holders.where(*same)).all() == [grant.user_id]:
            raise LastHolderError


_USERS: "Select[tuple[Any, ...]]" = select(_users, _domains.c.name.label("domain_name")).join_from(_users, _domains)
_PROJECTS: "Select[tuple[Any, ...]]" = select(_projects, _domains.c.name.label("domain_name")).join_from(
    _projects, _domains
)

_MEMBERSHIP = Prepared(
    _PROJECTS.add_columns(_grants.c.role)
    .join(_grants, _grants.c.project_id == _projects.c.id)
    .where(_grants.c.user_id == bindparam("user"), _projects.c.id == bindparam("project"))
)


@cache
def _token_user(tokens: int) -> Prepared:
    """Return the query of the user of a token that derives from a number of others."""
    revoked = exists().where(in_list(_revoked.c.token_id, "token", tokens))
    return Prepared(_USERS.where(_users.c.id == bindparam("user"), ~revoked))


def _user(row: Record) -> User:
    return User(
        row.id,
        row.name,
        _domain(row),
        row.password_hash,
        row.enabled,
        row.credentials_version,
        row.home_project_id,
        row.must_change_password,
    )


def _project(row: Record) -> Project:
    return Project(row.id, row.name, _domain(row), row.created_at, row.enabled, row.limits)


def _domain(row: Record) -> Domain:
    return Domain(row.domain_id, row.domain_name)


def _values(item: User | Project) -> dict[str, Any]:
    values = asdict(item)
    domain = values.pop("domain")
    return {**values, "domain_id": domain["id"]}
