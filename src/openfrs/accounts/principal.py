"""Callers, principals and their roles."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from openfrs.core.errors import ServiceError
from openfrs.store.accounts import Project, User

from .quotas import ProjectLimits


class Role(StrEnum):
    """A role on a project; each role includes the following ones."""

    ADMIN = "admin"
    """Manages accounts."""

    OPERATOR = "operator"
    """Changes face sets and faces."""

    READER = "reader"
    """Lists, shows, searches, detects and compares."""

    def includes(self, other: "Role") -> bool:
        """Return whether this role has the permissions of ``other``."""
        order = list(Role)
        return order.index(self) <= order.index(other)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user.

    ``project_id`` is the project that the credentials are valid for; None for all projects, empty for none. ``signature`` and
    ``body_sha256`` are those of a signed request, empty for a token. ``expires_at`` is the expiry of the credentials; None if they
    do not expire. ``token_ids`` and ``access_key`` are the tokens and the permanent access key that the credentials derive from.
    """

    user: User
    project_id: str | None
    signature: str = ""
    body_sha256: str = ""
    expires_at: datetime | None = None
    token_ids: tuple[str, ...] = ()
    access_key: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller in a project, with the user's role and the project's limits."""

    caller: Caller
    project: Project
    role: Role
    limits: ProjectLimits

    def require(self, role: Role) -> None:
        """Check that the role is at least ``role``.

        Raises:
            ServiceError: ``APIG.0302``
        """
        if not self.role.includes(role):
            raise ServiceError("APIG.0302")
