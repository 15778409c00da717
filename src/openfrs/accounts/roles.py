"""What a user may do in a project."""

from enum import StrEnum


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
