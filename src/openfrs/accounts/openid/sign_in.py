"""Users of an OpenID Connect provider: created at their first sign-in, with roles by their groups at each."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from openfrs.accounts.administration import Administration
from openfrs.accounts.passwords import hash_password
from openfrs.accounts.principal import Role
from openfrs.accounts.tokens import TokenIssuer
from openfrs.core import limits
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.core.text import plain
from openfrs.store.accounts import AccountRepository, Grant, LastHolderError, NameTakenError, Project, User

from .provider import Identity, OpenIdError, OpenIdProvider


@dataclass(frozen=True, slots=True)
class GroupRole:
    """The role that a group gives on a project of the domain."""

    group: str
    role: Role
    project: str


def parse_group_roles(text: str) -> tuple[GroupRole, ...]:
    """Parse ``GROUP=ROLE:PROJECT``, several separated by commas.

    Raises:
        OperatorError: The text is not of that form.
    """
    rules = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        group, _, rest = part.rpartition("=")
        role, _, project = rest.partition(":")
        if not group or not project or role not in set(Role):
            raise OperatorError(
                f"setting oidc_roles: {part} must be GROUP=ROLE:PROJECT with one of the roles {', '.join(Role)}"
            )
        rules.append(GroupRole(group, Role(role), project))
    return tuple(rules)


class OpenIdSignIn:
    """Signs people in whom the provider identifies."""

    def __init__(
        self, settings: Settings, accounts: AccountRepository, administration: Administration, issuer: TokenIssuer
    ) -> None:
        self.provider = OpenIdProvider.from_settings(settings)
        self.scope = settings.oidc_scope
        self._domain = settings.oidc_domain
        self._rules = parse_group_roles(settings.oidc_roles)
        self._email_domains = frozenset(
            filter(None, (each.strip().lower() for each in settings.oidc_email_domains.split(",")))
        )
        self._accounts = accounts
        self._administration = administration
        self._issuer = issuer

    def sign_in(self, identity: Identity) -> tuple[str, User, str]:
        """Return a token, its user, and the project of the token.

        The provider's id of the person selects the user, so that another person who gets the same name later is another user.

        Raises:
            OpenIdError: The person is not allowed, has no group with a role, or the user is disabled.
        """
        if self._email_domains and identity.email.rpartition("@")[2].lower() not in self._email_domains:
            raise OpenIdError("the address is not verified, or not of an allowed domain")
        domain = self._administration.find_domain(self._domain)
        roles = self._roles(identity, {project.name: project for project in self._accounts.list_projects(domain.id)})
        user_id = sha256(f"{identity.issuer}\0{identity.subject}".encode()).hexdigest()[:32]
        user = self._accounts.find_user(user_id)
        if user is not None and (not user.enabled or user.domain.id != domain.id):
            raise OpenIdError("the user is disabled")
        if user is None and roles:
            user = self._create(user_id, identity.name)
        if user is not None:
            self._set_roles(user, roles)
        if user is None or not roles:
            raise OpenIdError("no group of the user has a role")
        user = self._accounts.find_user(user_id) or user  # a change of roles raises the version of credentials
        project_id = next(iter(roles))
        text, _ = self._issuer.issue(user.id, project_id, user.credentials_version)
        return text, user, project_id

    def _roles(self, identity: Identity, projects: Mapping[str, Project]) -> dict[str, Role]:
        """Return the highest role of the person's groups by project id."""
        roles: dict[str, Role] = {}
        for rule in self._rules:
            if rule.group in identity.groups and rule.project in projects:
                project_id = projects[rule.project].id
                if not roles.get(project_id, Role.READER).includes(rule.role) or project_id not in roles:
                    roles[project_id] = rule.role
        return roles

    def _create(self, user_id: str, wanted: str) -> User:
        """Create the user; a name that is taken gets the first digits of the id. The password is random and not kept."""
        domain = self._administration.find_domain(self._domain)
        name = plain(wanted, "_")[: limits.MAX_NAME_LENGTH - 9].strip() or "user"
        for each in (name, f"{name}-{user_id[:8]}"):
            user = User(user_id, each, domain, hash_password(secrets.token_urlsafe(32)))
            try:
                self._accounts.create(users=[user])
            except NameTakenError:
                if (found := self._accounts.find_user(user_id)) is not None:
                    return found  # two sign-ins at once
                continue
            return user
        raise OpenIdError(f"the name {name} is taken")

    def _set_roles(self, user: User, roles: Mapping[str, Role]) -> None:
        """Give the user exactly these roles. The last admin of a project remains one, so that somebody manages it."""
        present = {grant.project_id: grant.role for grant in self._accounts.list_grants(user_id=user.id)}
        for project_id, role in roles.items():
            if present.get(project_id) != role:
                self._change(user, project_id, role, present)
        for project_id in present.keys() - roles.keys():
            self._change(user, project_id, None, present)

    def _change(self, user: User, project_id: str, role: Role | None, present: Mapping[str, str]) -> None:
        grant = Grant(user.id, project_id, present.get(project_id, ""))
        keeping = [grant] if grant.role == Role.ADMIN else []
        try:
            if role is None:
                self._accounts.revoke_grant(user.id, project_id, keeping=keeping)
            else:
                self._accounts.set_grant(Grant(user.id, project_id, role), keeping=keeping)
        except LastHolderError:
            raise OpenIdError("the user is the last admin of a project; make somebody else admin first") from None
