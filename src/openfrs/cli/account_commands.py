"""A command on accounts, and its entry in the audit log."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from openfrs.accounts.administration import Administration
from openfrs.accounts.audit.commands import record_command
from openfrs.accounts.audit.database_log import open_audit
from openfrs.accounts.audit.log import COMMAND, FAILURE, SUCCESS, AuditLog
from openfrs.accounts.keyring import open_keyring
from openfrs.accounts.quotas import ProjectLimits
from openfrs.store.accounts import AccountRepository, Project, User
from openfrs.store.opening import opened_database, require_data

from .named_accounts import find_project, find_user
from .options import settings_of


@dataclass
class AccountCommand:
    """A command in progress: its administration, and the projects and the user that it concerns, for the audit log."""

    administration: Administration
    projects: set[str] = field(default_factory=set)
    subject: str = ""

    def user(self, domain: str, name: str) -> User:
        """Return the user that the command concerns.

        Raises:
            OperatorError: there is no such domain or user.
        """
        user = find_user(self.administration, domain, name)
        self.concern(user)
        return user

    def concern(self, user: User) -> None:
        """Note a user, and the projects whose admins may read about the command."""
        self.subject = user.full_name
        self.projects |= self.administration.get_roles(user).keys() or set(filter(None, [user.home_project_id]))

    def project(self, domain: str, name: str) -> Project:
        """Return the project that the command concerns.

        Raises:
            OperatorError: there is no such domain or project.
        """
        project = find_project(self.administration, domain, name)
        self.projects.add(project.id)
        return project


@contextmanager
def account_command(data: Path | None, operation: str, text: str) -> Iterator[AccountCommand]:
    """Open the accounts of an existing database, and write the command with its outcome to the audit log."""
    with opened_accounts(data) as (administration, audit):
        command, outcome = AccountCommand(administration), FAILURE
        try:
            yield command
            outcome = SUCCESS
        finally:
            details = {"command": text} | ({"subject": command.subject} if command.subject else {})
            record_command(audit, COMMAND, operation, details=details, projects=command.projects, outcome=outcome)


@contextmanager
def opened_accounts(data: Path | None) -> Iterator[tuple[Administration, AuditLog]]:
    """Open the accounts and the audit log of an existing database."""
    settings = settings_of(data=data)
    require_data(settings)
    with opened_database(settings) as database, closing(open_audit(settings, database)) as audit:
        keyring = open_keyring(settings, database)
        yield Administration(AccountRepository(database), keyring, ProjectLimits.from_settings(settings)), audit
