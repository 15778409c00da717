"""Managing domains, users, projects, roles and access keys."""

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError
from openfrs.store.accounts import AccessKey, AccountRepository, Domain, Grant, NameTakenError, Project, User

from .keyring import Keyring
from .passwords import hash_password, new_password
from .principal import Principal, Role
from .quotas import ProjectLimits

_KEY_ALPHABET: Final = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class AdminScope:
    """How far somebody's management reaches: the projects of one domain on which the role is admin."""

    domain_id: str
    project_ids: frozenset[str]

    @classmethod
    def of(cls, principal: Principal) -> "AdminScope":
        """An admin's authority: over the project that the request is made in.

        Raises:
            ServiceError: ``IAM.403``, no admin.
        """
        if principal.role is not Role.ADMIN:
            raise ServiceError("IAM.403")
        return cls(principal.project.domain.id, frozenset([principal.project.id]))


@dataclass(frozen=True, slots=True)
class NewKey:
    """An access key with its secret, which is shown this once."""

    access_key: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What the first user of a new domain needs; holds secrets that are shown this once."""

    domain: str
    user: str
    password: str
    project_name: str
    project_id: str
    access_key: str
    secret_key: str


class Administration:
    """Everything that can be done to accounts.

    ``by`` bounds what an admin may touch: users who have roles on the admin's project alone or on none, and that project. What
    lies outside is answered as if it were not there. None is whoever works on the machine itself, and may touch everything.
    """

    def __init__(self, accounts: AccountRepository, keyring: Keyring, default_limits: ProjectLimits) -> None:
        self._accounts = accounts
        self._keyring = keyring
        self._default_limits = default_limits

    # domains and projects

    def create_domain(
        self,
        name: str,
        *,
        user: str = "admin",
        project: str,
        limits: Mapping[str, Any] | None = None,
        deliver: Callable[[NewAccount], None],
    ) -> None:
        """Make a domain with a project and a user who is its admin.

        ``deliver`` gets what the user needs before anything is written: an account whose secrets nobody has is of no use.

        Raises:
            ServiceError: ``IAM.409`` the name is taken, ``IAM.400``
        """
        for each in (name, user, project):
            _check_name(each)
        password, (key, row) = new_password(), self._new_key(user_id := secrets.token_hex(16))
        domain = Domain(secrets.token_hex(16), name)
        new_project = Project(secrets.token_hex(16), project, domain, _now(), limits=self._checked(limits or {}))
        deliver(NewAccount(name, user, password, project, new_project.id, key.access_key, key.secret_key))
        self._create(
            domains=[domain],
            users=[User(user_id, user, domain, hash_password(password))],
            projects=[new_project],
            grants=[Grant(user_id, new_project.id, Role.ADMIN)],
            keys=[row],
        )

    def domains(self) -> list[Domain]:
        """All domains."""
        return self._accounts.domains()

    def create_project(self, domain: Domain, name: str, limits: Mapping[str, Any] | None = None) -> Project:
        """Make a project in a domain; nobody has a role on it yet.

        Raises:
            ServiceError: ``IAM.409``, ``IAM.400``
        """
        _check_name(name)
        project = Project(secrets.token_hex(16), name, domain, _now(), limits=self._checked(limits or {}))
        self._create(projects=[project])
        return project

    def projects(self, domain_id: str, by: AdminScope | None = None) -> list[Project]:
        """A domain's projects, as far as ``by`` reaches."""
        return [each for each in self._accounts.projects(domain_id) if by is None or each.id in by.project_ids]

    def update_project(
        self, project: Project, *, enabled: bool | None = None, limits: Mapping[str, Any] | None = None
    ) -> None:
        """Enable or disable a project, or replace its own limits.

        Raises:
            ServiceError: ``IAM.400``
        """
        self._accounts.change_project(
            project.id, enabled=enabled, limits=None if limits is None else self._checked(limits)
        )

    # users

    def create_user(self, domain: Domain, name: str) -> tuple[User, str]:
        """Make a user without any role; returns it and its password.

        Raises:
            ServiceError: ``IAM.409``, ``IAM.400``
        """
        _check_name(name)
        password = new_password()
        user = User(secrets.token_hex(16), name, domain, hash_password(password))
        self._create(users=[user])
        return user, password

    def users(self, domain_id: str, by: AdminScope | None = None) -> list[User]:
        """A domain's users, as far as ``by`` reaches."""
        return [each for each in self._accounts.users(domain_id) if self._reaches(by, each)]

    def user(self, user_id: str, by: AdminScope | None = None) -> User:
        """A user by id.

        Raises:
            ServiceError: ``IAM.404``
        """
        user = self._accounts.user(user_id)
        if user is None or not self._reaches(by, user):
            raise ServiceError("IAM.404")
        return user

    def find_domain(self, name: str) -> Domain:
        """A domain by name.

        Raises:
            ServiceError: ``IAM.404``
        """
        domain = self._accounts.domain_named(name)
        if domain is None:
            raise ServiceError("IAM.404")
        return domain

    def find_user(self, domain: str, name: str) -> User:
        """A user by names.

        Raises:
            ServiceError: ``IAM.404``
        """
        user = self._accounts.user_named(name, domain_name=domain)
        if user is None:
            raise ServiceError("IAM.404")
        return user

    def find_project(self, domain: str, name: str) -> Project:
        """A project by names.

        Raises:
            ServiceError: ``IAM.404``
        """
        found = self._accounts.projects(self.find_domain(domain).id, name=name)
        if not found:
            raise ServiceError("IAM.404")
        return found[0]

    def set_enabled(self, user: User, *, enabled: bool) -> None:
        """Let a user in or keep the user out; every token of the user ends."""
        self._accounts.change_user(user.id, enabled=enabled)

    def reset_password(self, user: User) -> str:
        """Give a user a new password; every token of the user ends."""
        password = new_password()
        self._accounts.change_user(user.id, password_hash=hash_password(password))
        return password

    # roles

    def roles(self, user: User) -> dict[str, Role]:
        """A user's roles, by project id."""
        return {grant.project_id: Role(grant.role) for grant in self._accounts.grants(user_id=user.id)}

    def set_role(self, user: User, project: Project, role: Role) -> None:
        """Give a user a role on a project of the same domain in place of any other.

        Raises:
            ServiceError: ``IAM.404``, the project is of another domain.
        """
        if user.domain.id != project.domain.id:
            raise ServiceError("IAM.404")
        self._accounts.set_grant(Grant(user.id, project.id, role))

    def remove_role(self, user: User, project: Project) -> None:
        """Take a user's role on a project away; every token of the user ends.

        Raises:
            ServiceError: ``IAM.404``, there is none.
        """
        if not self._accounts.withdraw(user.id, project.id):
            raise ServiceError("IAM.404")

    # access keys

    def keys(self, user: User) -> list[AccessKey]:
        """A user's access keys, oldest first."""
        return self._accounts.access_keys(user.id)

    def create_key(self, user: User) -> NewKey:
        """A new access key for a user."""
        key, row = self._new_key(user.id)
        self._create(keys=[row])
        return key

    def rotate_key(self, access_key: str) -> NewKey:
        """A new access key in place of one.

        Raises:
            ServiceError: ``IAM.404``
        """
        old = self._accounts.access_key(access_key)
        if old is None:
            raise ServiceError("IAM.404")
        new, row = self._new_key(old.user_id)
        self._create(keys=[row])
        self._accounts.delete_access_key(access_key)
        return new

    def delete_key(self, access_key: str, by: AdminScope | None = None) -> User:
        """Delete an access key; returns whose it was.

        Raises:
            ServiceError: ``IAM.404``
        """
        key = self._accounts.access_key(access_key)
        if key is None:
            raise ServiceError("IAM.404")
        user = self.user(key.user_id, by)
        self._accounts.delete_access_key(access_key)
        return user

    def rotate_token_keys(self, token_life: timedelta) -> None:
        """Sign tokens with a new key from now on. Nobody is logged out."""
        self._keyring.rotate_token_keys(token_life)

    def _reaches(self, by: AdminScope | None, user: User) -> bool:
        if by is None:
            return True
        return user.domain.id == by.domain_id and self.roles(user).keys() <= by.project_ids

    def _new_key(self, user_id: str) -> tuple[NewKey, AccessKey]:
        access_key = "".join(secrets.choice(_KEY_ALPHABET) for _ in range(20))
        key = NewKey(access_key, secrets.token_urlsafe(30))
        return key, AccessKey(
            access_key,
            user_id,
            self._keyring.secrets.encrypt(key.secret_key.encode()),
            _now(),
        )

    def _checked(self, limits: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            self._default_limits.override(limits)
        except ValueError:
            raise ServiceError("IAM.400") from None
        return limits

    def _create(self, **rows: Any) -> None:
        try:
            self._accounts.create(**rows)
        except NameTakenError:
            raise ServiceError("IAM.409", "That name is in use.") from None


def _now() -> datetime:
    return utc_now().replace(microsecond=0)


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= 64 or not name.isprintable() or name.strip() != name:
        raise ServiceError("IAM.400")
