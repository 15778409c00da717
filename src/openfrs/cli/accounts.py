"""``openfrs accounts``: local administration of accounts. The server may run."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from openfrs.accounts.administration import Administration
from openfrs.accounts.audit.database_log import open_audit
from openfrs.accounts.keyring import open_keyring
from openfrs.accounts.principal import Role
from openfrs.accounts.quotas import ProjectLimits
from openfrs.core.errors import OperatorError
from openfrs.store.accounts import AccountRepository
from openfrs.store.opening import opened_database, require_data

from .options import Data, settings_of

app = typer.Typer(no_args_is_help=True)

DomainName = Annotated[str, typer.Argument(help="Name of the domain.")]
UserName = Annotated[str, typer.Argument(help="Name of the user.")]
ProjectName = Annotated[str, typer.Argument(help="Name of the project.")]


@app.command("list")
def list_accounts(data: Data = None) -> None:
    """List domains with their projects, users, roles and access keys."""
    with _administration(data, "") as administration:
        ids = Column("access keys (last used)", overflow="fold")  # a truncated ID is useless
        table = Table("domain", "project or user", "state", "roles", ids)
        for domain in administration.list_domains():
            projects = {project.id: project for project in administration.list_projects(domain.id)}
            for project in projects.values():
                state = "enabled" if project.enabled else "disabled"
                table.add_row(domain.name, f"project {project.name}", state, "", project.id)
            for user in administration.list_users(domain.id):
                roles = administration.get_roles(user).items()
                keys = administration.list_keys(user)
                table.add_row(
                    domain.name,
                    f"user {user.name}",
                    "enabled" if user.enabled else "disabled",
                    "\n".join(f"{role} of {projects[project_id].name}" for project_id, role in roles),
                    "\n".join(f"{key.access_key} ({_time(key.last_used_at)})" for key in keys),
                )
            table.add_section()
    Console().print(table)


@app.command()
def create_domain(
    name: DomainName,
    project: Annotated[str, typer.Option(help="Name of the first project.")] = "local",
    user: Annotated[str, typer.Option(help="Name of the first user, an admin of that project.")] = "admin",
    data: Data = None,
) -> None:
    """Create a domain with a project and an admin, and print the credentials. They are shown only once."""
    with _administration(data, f"create domain {name}") as administration:
        administration.create_domain(name, project=project, user=user, deliver=lambda new: _show(asdict(new)))


@app.command()
def create_project(domain: DomainName, name: ProjectName, data: Data = None) -> None:
    """Create a project in a domain."""
    with _administration(data, f"create project {domain}/{name}") as administration:
        project = administration.create_project(administration.find_domain(domain), name)
        _show({"project_name": project.name, "project_id": project.id})


@app.command()
def create_user(
    domain: DomainName,
    name: UserName,
    project: Annotated[str, typer.Option(help="Project to grant the user a role on.")] = "",
    role: Annotated[Role, typer.Option(help="Role to grant.")] = Role.OPERATOR,
    data: Data = None,
) -> None:
    """Create a user and print the password. It is shown only once."""
    with _administration(data, f"create user {domain}/{name}") as administration:
        granted_project = administration.find_project(domain, project) if project else None
        user, password = administration.create_user(administration.find_domain(domain), name)
        if granted_project:
            administration.set_role(user, granted_project, role)
        _show({"domain": domain, "user": name, "password": password})


@app.command()
def grant(domain: DomainName, user: UserName, project: ProjectName, role: Role, data: Data = None) -> None:
    """Grant a user a role on a project. It replaces the previous role."""
    with _administration(data, f"grant {role} of {domain}/{project} to {user}") as administration:
        administration.set_role(
            administration.find_user(domain, user), administration.find_project(domain, project), role
        )


@app.command()
def withdraw(domain: DomainName, user: UserName, project: ProjectName, data: Data = None) -> None:
    """Remove a user's role on a project and revoke the user's tokens."""
    with _administration(data, f"withdraw role of {domain}/{project} from {user}") as administration:
        administration.remove_role(administration.find_user(domain, user), administration.find_project(domain, project))


@app.command()
def disable(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Disable a user. The user's tokens are revoked and the access keys stop working."""
    with _administration(data, f"disable {domain}/{user}") as administration:
        administration.set_enabled(administration.find_user(domain, user), enabled=False)


@app.command()
def enable(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Enable a user."""
    with _administration(data, f"enable {domain}/{user}") as administration:
        administration.set_enabled(administration.find_user(domain, user), enabled=True)


@app.command()
def disable_project(domain: DomainName, project: ProjectName, data: Data = None) -> None:
    """Disable a project. All its requests are rejected."""
    with _administration(data, f"disable project {domain}/{project}") as administration:
        administration.update_project(administration.find_project(domain, project), enabled=False)


@app.command()
def enable_project(domain: DomainName, project: ProjectName, data: Data = None) -> None:
    """Enable a project."""
    with _administration(data, f"enable project {domain}/{project}") as administration:
        administration.update_project(administration.find_project(domain, project), enabled=True)


@app.command()
def limit(
    domain: DomainName,
    project: ProjectName,
    limits: Annotated[
        list[str] | None,
        typer.Argument(help="Limits as name=value; 0 removes a limit. Without any, the settings apply."),
    ] = None,
    data: Data = None,
) -> None:
    """Replace the limits of a project. The names are those of the settings."""
    pairs = [limit.partition("=") for limit in limits or []]
    try:
        values = {name: json.loads(value) for name, _, value in pairs}
    except ValueError as error:
        raise OperatorError(f"cannot parse the limits {' '.join(limits or [])}; write each as name=value") from error
    with _administration(data, f"limit {domain}/{project}") as administration:
        administration.update_project(administration.find_project(domain, project), limits=values)


@app.command()
def reset_password(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Set a new password, print it and revoke the user's tokens. The password is shown only once."""
    with _administration(data, f"reset password of {domain}/{user}") as administration:
        password = administration.reset_password(administration.find_user(domain, user))
        _show({"domain": domain, "user": user, "password": password})


@app.command()
def create_key(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Create an access key for a user and print the secret key. It is shown only once."""
    with _administration(data, f"create access key for {domain}/{user}") as administration:
        _show(asdict(administration.create_key(administration.find_user(domain, user))))


@app.command()
def revoke_key(access_key: str, data: Data = None) -> None:
    """Delete an access key."""
    with _administration(data, f"revoke access key {access_key}") as administration:
        administration.delete_key(access_key)


@app.command()
def rotate_key(access_key: str, data: Data = None) -> None:
    """Replace an access key with a new one and print the secret key. It is shown only once."""
    with _administration(data, f"rotate access key {access_key}") as administration:
        _show(asdict(administration.rotate_key(access_key)))


@app.command()
def rotate_token_keys(data: Data = None) -> None:
    """Sign new tokens with a new key. Existing tokens stay valid."""
    with _administration(data, "rotate token keys") as administration:
        administration.rotate_token_keys(timedelta(hours=settings_of(data=data).token_hours))


def _time(value: datetime | None) -> str:
    return "never" if value is None else f"{value:%Y-%m-%d %H:%M:%S} UTC"


def _show(values: dict[str, Any]) -> None:
    print(json.dumps(values, indent=2))


@contextmanager
def _administration(data: Path | None, event: str) -> Iterator[Administration]:
    """Open the accounts of an existing database; write ``event`` to the audit log if the block succeeds."""
    settings = settings_of(data=data)
    require_data(settings)
    with opened_database(settings) as database, closing(open_audit(settings, database)) as audit:
        keyring = open_keyring(settings, database)
        yield Administration(AccountRepository(database), keyring, ProjectLimits.from_settings(settings))
        if event:
            audit.record("command", command=event)
