"""Administration of domains, users, projects, roles and access keys."""

import secrets
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError
from openfrs.core.limits import MAX_NAME_LENGTH
from openfrs.core.text import is_plain
from openfrs.store.accounts import (
    AccountRepository,
    Domain,
    Grant,
    LastHolderError,
    NameTakenError,
    Project,
    User,
    UserMissingError,
)
from openfrs.store.credentials import AccessKey

from .keyring import Keyring
from .passwords import check_new_password, hash_password, new_password, verify_password
from .principal import Principal, Role
from .quotas import ProjectLimits

_KEY_ALPHABET: Final = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class AdminScope:
    """The domain and projects that an admin can manage."""

    domain_id: str
    project_ids: frozenset[str]

    @classmethod
    def of(cls, principal: Principal) -> "AdminScope":
        """Return the scope of an admin: the project of the request.

        Raises:
            ServiceError: ``IAM.403`` the role is not admin.
        """
        if principal.role is not Role.ADMIN:
            raise ServiceError("IAM.403")
        return cls(principal.project.domain.id, frozenset([principal.project.id]))


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new access key with its secret, which is shown only once."""

    access_key: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A new domain with its first user and project, and secrets that are shown only once."""

    domain: str
    user: str
    password: str
    project_name: str
    project_id: str
    access_key: str
    secret_key: str


class Administration:
    """Management of accounts.

    ``scope`` restricts an admin to the projects of the scope and to users who have roles on no other project; anything else is
    reported as missing. A user without a role is managed by the admins of the project in which it was created or had its last
    role: admins of another one would grant a role to a user whose password and keys the former know. A project keeps its last
    admin. Without a scope, as on the command line, all accounts can be managed, without these restrictions.
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
        """Create a domain with a project and its admin.

        ``deliver`` receives the secrets before anything is written, so that no account without known secrets is created.

        Raises:
            ServiceError: ``IAM.409`` the name is in use, ``IAM.400`` a name or limit is invalid.
        """
        for text in (name, user, project):
            _validate_name(text)
        user_id, password = secrets.token_hex(16), new_password()
        key, row = self._new_key(user_id)
        domain = Domain(secrets.token_hex(16), name)
        new_project = Project(
            secrets.token_hex(16), project, domain, _now(), limits=self._validated_limits(limits or {})
        )
        deliver(NewAccount(name, user, password, project, new_project.id, key.access_key, key.secret_key))
        self._create(
            domains=[domain],
            users=[User(user_id, user, domain, hash_password(password))],
            projects=[new_project],
            grants=[Grant(user_id, new_project.id, Role.ADMIN)],
            keys=[row],
        )

    def list_domains(self) -> list[Domain]:
        """Return all domains."""
        return self._accounts.list_domains()

    def create_project(self, domain: Domain, name: str, limits: Mapping[str, Any] | None = None) -> Project:
        """Create a project without users.

        Raises:
            ServiceError: ``IAM.409`` the name is in use, ``IAM.400`` a name or limit is invalid.
        """
        _validate_name(name)
        project = Project(secrets.token_hex(16), name, domain, _now(), limits=self._validated_limits(limits or {}))
        self._create(projects=[project])
        return project

    def list_projects(self, domain_id: str, scope: AdminScope | None = None) -> list[Project]:
        """Return a domain's projects."""
        return [
            project
            for project in self._accounts.list_projects(domain_id)
            if scope is None or project.id in scope.project_ids
        ]

    def update_project(
        self, project: Project, *, enabled: bool | None = None, limits: Mapping[str, Any] | None = None
    ) -> None:
        """Enable or disable a project, or replace its limits.

        Raises:
            ServiceError: ``IAM.400`` a limit is invalid.
        """
        self._accounts.update_project(
            project.id, enabled=enabled, limits=None if limits is None else self._validated_limits(limits)
        )

    # users

    def create_user(
        self, domain: Domain, name: str, *, home: Project | None = None, one_time: bool = False
    ) -> tuple[User, str]:
        """Create a user without roles, managed by the admins of ``home``; return the user and the password.

        With ``one_time`` the user has to change the password before the first login.

        Raises:
            ServiceError: ``IAM.409`` the name is in use, ``IAM.400`` it is invalid.
        """
        _validate_name(name)
        password = new_password()
        home_project_id = None if home is None else home.id
        user = User(
            secrets.token_hex(16),
            name,
            domain,
            hash_password(password),
            home_project_id=home_project_id,
            must_change_password=one_time,
        )
        self._create(users=[user])
        return user, password

    def list_users(self, domain_id: str, scope: AdminScope | None = None) -> list[User]:
        """Return a domain's users."""
        return [user for user in self._accounts.list_users(domain_id) if self._is_in_scope(scope, user)]

    def get_user(self, user_id: str, scope: AdminScope | None = None) -> User:
        """Return a user by id.

        Raises:
            ServiceError: ``IAM.404``
        """
        user = self._accounts.find_user(user_id)
        if user is None or not self._is_in_scope(scope, user):
            raise ServiceError("IAM.404")
        return user

    def find_domain(self, name: str) -> Domain:
        """Return a domain by name.

        Raises:
            ServiceError: ``IAM.404``
        """
        domain = self._accounts.find_domain(name)
        if domain is None:
            raise ServiceError("IAM.404")
        return domain

    def find_user(self, domain: str, name: str) -> User:
        """Return a user by domain and name.

        Raises:
            ServiceError: ``IAM.404``
        """
        user = self._accounts.find_user_by_name(name, domain_name=domain)
        if user is None:
            raise ServiceError("IAM.404")
        return user

    def find_project(self, domain: str, name: str) -> Project:
        """Return a project by domain and name.

        Raises:
            ServiceError: ``IAM.404``
        """
        projects = self._accounts.list_projects(self.find_domain(domain).id, name=name)
        if not projects:
            raise ServiceError("IAM.404")
        return projects[0]

    def set_enabled(self, user: User, *, enabled: bool, scope: AdminScope | None = None) -> None:
        """Enable or disable a user, and revoke the user's tokens.

        Raises:
            ServiceError: ``IAM.409`` the user is the last admin of the scope's project.
        """
        with _keeping_an_admin():
            self._accounts.update_user(user.id, enabled=enabled, keeping=() if enabled else _admin_grants(user, scope))

    def reset_password(self, user: User, *, one_time: bool = False) -> str:
        """Set and return a new password, and revoke the user's tokens.

        With ``one_time`` the user has to change it before the next login.
        """
        password = new_password()
        self._accounts.update_user(user.id, password_hash=hash_password(password), must_change_password=one_time)
        return password

    def change_password(self, user: User, old_password: str, password: str, *, min_length: int) -> None:
        """Set a password that the user chose, and revoke the user's tokens.

        Raises:
            ServiceError: ``IAM.401`` the old password is wrong, ``IAM.400/password`` the new one is not accepted.
        """
        if not verify_password(old_password, user.password_hash):
            raise ServiceError("IAM.401", "The current password is wrong.")
        check_new_password(password, old_password, names=(user.name, user.domain.name), min_length=min_length)
        self._accounts.update_user(user.id, password_hash=hash_password(password), must_change_password=False)

    def delete_user(self, user: User, scope: AdminScope | None = None) -> None:
        """Delete a user. The user's roles, tokens and access keys end at once.

        Raises:
            ServiceError: ``IAM.409`` the user is the last admin of the scope's project.
        """
        with _keeping_an_admin():
            self._accounts.delete_user(user.id, keeping=_admin_grants(user, scope))

    # roles

    def get_roles(self, user: User) -> dict[str, Role]:
        """Return a user's roles by project id."""
        return {grant.project_id: Role(grant.role) for grant in self._accounts.list_grants(user_id=user.id)}

    def set_role(self, user: User, project: Project, role: Role, scope: AdminScope | None = None) -> None:
        """Set a user's role on a project of the same domain.

        Raises:
            ServiceError: ``IAM.404`` the project belongs to another domain, ``IAM.409`` the user is the last admin of the scope's
                project.
        """
        if user.domain.id != project.domain.id:
            raise ServiceError("IAM.404")
        keeping = () if role is Role.ADMIN else _admin_grants(user, scope)
        try:
            with _keeping_an_admin():
                self._accounts.set_grant(Grant(user.id, project.id, role), keeping=keeping)
        except UserMissingError:
            raise ServiceError("IAM.404") from None

    def remove_role(self, user: User, project: Project, scope: AdminScope | None = None) -> None:
        """Remove a user's role on a project, and revoke the user's tokens.

        Raises:
            ServiceError: ``IAM.404`` the user has no role on the project, ``IAM.409`` the user is the last admin of the scope's
                project.
        """
        with _keeping_an_admin():
            removed = self._accounts.revoke_grant(user.id, project.id, keeping=_admin_grants(user, scope))
        if not removed:
            raise ServiceError("IAM.404")

    # access keys

    def list_keys(self, user: User) -> list[AccessKey]:
        """Return a user's access keys, oldest first."""
        return self._accounts.list_access_keys(user.id)

    def create_key(self, user: User) -> NewKey:
        """Create an access key for a user."""
        key, row = self._new_key(user.id)
        self._create(keys=[row])
        return key

    def rotate_key(self, access_key: str) -> tuple[User, NewKey]:
        """Replace an access key by a new one; return its user and the new key.

        Raises:
            ServiceError: ``IAM.404``
        """
        old = self._accounts.find_access_key(access_key)
        if old is None:
            raise ServiceError("IAM.404")
        user = self.get_user(old.user_id)
        new, row = self._new_key(user.id)
        self._create(keys=[row])
        self._accounts.delete_access_key(access_key)
        return user, new

    def delete_key(self, access_key: str, scope: AdminScope | None = None) -> User:
        """Delete an access key; return its user.

        Raises:
            ServiceError: ``IAM.404``
        """
        key = self._accounts.find_access_key(access_key)
        if key is None:
            raise ServiceError("IAM.404")
        user = self.get_user(key.user_id, scope)
        self._accounts.delete_access_key(access_key)
        return user

    def rotate_token_keys(self, token_life: timedelta) -> None:
        """Rotate the key that signs tokens. Issued tokens stay valid."""
        self._keyring.rotate_token_keys(token_life)

    def _is_in_scope(self, scope: AdminScope | None, user: User) -> bool:
        if scope is None:
            return True
        if user.domain.id != scope.domain_id:
            return False
        return (self.get_roles(user).keys() or {user.home_project_id}) <= scope.project_ids

    def _new_key(self, user_id: str) -> tuple[NewKey, AccessKey]:
        access_key = "".join(secrets.choice(_KEY_ALPHABET) for _ in range(20))
        key = NewKey(access_key, secrets.token_urlsafe(30))
        return key, AccessKey(
            access_key,
            user_id,
            self._keyring.secrets.encrypt(key.secret_key.encode()),
            _now(),
        )

    def _validated_limits(self, limits: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            self._default_limits.override(limits)
        except ValueError:
            raise ServiceError("IAM.400") from None
        return limits

    def _create(self, **rows: Any) -> None:
        try:
            self._accounts.create(**rows)
        except NameTakenError:
            raise ServiceError("IAM.409", "The name is already in use.") from None


def _admin_grants(user: User, scope: AdminScope | None) -> list[Grant]:
    return [] if scope is None else [Grant(user.id, project_id, Role.ADMIN) for project_id in scope.project_ids]


@contextmanager
def _keeping_an_admin() -> Iterator[None]:
    try:
        yield
    except LastHolderError:
        raise ServiceError("IAM.409", "The last administrator of a project keeps the role.") from None


def _now() -> datetime:
    return utc_now().replace(microsecond=0)


def _validate_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not is_plain(name) or name.strip() != name:
        raise ServiceError("IAM.400")
