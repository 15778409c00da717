"""Who is asking."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from openfrs.core.errors import ServiceError
from openfrs.store.accounts import Project, User

from .quotas import ProjectLimits


class Role(StrEnum):
    """A role on a project; each includes those after it."""

    ADMIN = "admin"
    """Accounts, and everything below."""

    OPERATOR = "operator"
    """Every FRS write."""

    READER = "reader"
    """List, show, search, detect, compare."""

    def includes(self, other: "Role") -> bool:
        """Whether this role allows what ``other`` allows."""
        order = list(Role)
        return order.index(self) <= order.index(other)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user. ``project_id`` is the one project the credentials are good for: None any, empty none.

    ``signature`` is that of a signed request, empty for a token. ``expires_at`` is when the credentials end; None is never.
    """

    user: User
    project_id: str | None
    signature: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller in a project, with the role the user has there and the limits that hold."""

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
