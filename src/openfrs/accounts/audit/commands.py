"""Commands of operators in the audit log: who ran them, and on which machine."""

import os
import pwd
import socket
from collections.abc import Collection, Mapping

from .log import SUCCESS, AuditLog


def origin() -> dict[str, str]:
    """Return the operating-system user who runs this process as ``actor``, and the name of the machine as ``address``."""
    user_id = os.geteuid()
    try:
        name = pwd.getpwuid(user_id).pw_name
    except KeyError:  # in a container, whose users may have no names
        name = str(user_id)
    by = os.environ.get("SUDO_USER")
    return {"actor": f"system user {name}" + (f" (sudo by {by})" if by else ""), "address": socket.gethostname()}


def record_command(
    audit: AuditLog,
    event: str,
    operation: str,
    *,
    details: Mapping[str, str | int],
    projects: Collection[str] = (),
    outcome: str = SUCCESS,
) -> None:
    """Record a command: an entry for each project that it concerns, which the admins of that project can read.

    Without a project only the operator can read it.
    """
    for project_id in sorted(projects) or [""]:
        of_project = {"project_id": project_id} if project_id else {}
        audit.record(event, operation=operation, outcome=outcome, **origin(), **of_project, **details)
