"""``openfrs accounts``: managing accounts on the machine itself, with the server running or not."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from openfrs.accounts.principal import Role
from openfrs.core.errors import OperatorError

from .options import settings_of

if TYPE_CHECKING:  # the database comes along with it, which other commands do without
    from openfrs.accounts.administration import Administration

app = typer.Typer(help="Domains, users, projects, roles and access keys.", no_args_is_help=True)

Data = Annotated[Path | None, typer.Option(help="The data directory.", show_default="./data")]
DomainName = Annotated[str, typer.Argument(help="Name of the domain.")]
UserName = Annotated[str, typer.Argument(help="Name of the user.")]
ProjectName = Annotated[str, typer.Argument(help="Name of the project.")]


@app.command("list")
def list_accounts(data: Data = None) -> None:
    """Show domains, their users with roles and access keys, and their projects."""
    with _administration(data, "") as administration:
        ids = Column("access keys (last used)", overflow="fold")  # an id cut short would be of no use
        table = Table("domain", "project or user", "state", "roles", ids)
        for domain in administration.domains():
            projects = {project.id: project for project in administration.projects(domain.id)}
            for project in projects.values():
                state = "enabled" if project.enabled else "disabled"
                table.add_row(domain.name, f"project {project.name}", state, "", project.id)
            for user in administration.users(domain.id):
                roles = administration.roles(user).items()
                keys = administration.keys(user)
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
    project: Annotated[str, typer.Option(help="Name of its first project.")] = "local",
    user: Annotated[str, typer.Option(help="Name of its first user, admin of that project.")] = "admin",
    data: Data = None,
) -> None:
    """Make a domain with a project and an admin; prints the credentials, this once."""
    with _administration(data, f"create domain {name}") as administration:
        administration.create_domain(name, project=project, user=user, deliver=lambda new: _show(asdict(new)))


@app.command()
def create_project(domain: DomainName, name: ProjectName, data: Data = None) -> None:
    """Make a project in a domain."""
    with _administration(data, f"create project {domain}/{name}") as administration:
        project = administration.create_project(administration.find_domain(domain), name)
        _show({"project_name": project.name, "project_id": project.id})


@app.command()
def create_user(
    domain: DomainName,
    name: UserName,
    project: Annotated[str, typer.Option(help="A project to give the user a role on.")] = "",
    role: Annotated[Role, typer.Option(help="The role.")] = Role.OPERATOR,
    data: Data = None,
) -> None:
    """Make a user; prints the password, this once."""
    with _administration(data, f"create user {domain}/{name}") as administration:
        granted = administration.find_project(domain, project) if project else None
        user, password = administration.create_user(administration.find_domain(domain), name)
        if granted:
            administration.set_role(user, granted, role)
        _show({"domain": domain, "user": name, "password": password})


@app.command()
def grant(domain: DomainName, user: UserName, project: ProjectName, role: Role, data: Data = None) -> None:
    """Give a user a role on a project, in place of any other."""
    with _administration(data, f"grant {role} of {domain}/{project} to {user}") as administration:
        administration.set_role(
            administration.find_user(domain, user), administration.find_project(domain, project), role
        )


@app.command()
def withdraw(domain: DomainName, user: UserName, project: ProjectName, data: Data = None) -> None:
    """Take a user's role on a project away; the user's tokens end."""
    with _administration(data, f"withdraw role of {domain}/{project} from {user}") as administration:
        administration.remove_role(administration.find_user(domain, user), administration.find_project(domain, project))


@app.command()
def disable(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Keep a user out; the user's tokens end and the access keys stop working."""
    with _administration(data, f"disable {domain}/{user}") as administration:
        administration.set_enabled(administration.find_user(domain, user), enabled=False)


@app.command()
def enable(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Let a user in again."""
    with _administration(data, f"enable {domain}/{user}") as administration:
        administration.set_enabled(administration.find_user(domain, user), enabled=True)


@app.command()
def disable_project(domain: DomainName, project: ProjectName, data: Data = None) -> None:
    """Refuse every request in a project."""
    with _administration(data, f"disable project {domain}/{project}") as administration:
        administration.update_project(administration.find_project(domain, project), enabled=False)


@app.command()
def enable_project(domain: DomainName, project: ProjectName, data: Data = None) -> None:
    """Serve a project again."""
    with _administration(data, f"enable project {domain}/{project}") as administration:
        administration.update_project(administration.find_project(domain, project), enabled=True)


@app.command()
def limit(
    domain: DomainName,
    project: ProjectName,
    limits: Annotated[
        list[str] | None, typer.Argument(help="As name=value; 0 takes a limit off. None: the settings'.")
    ] = None,
    data: Data = None,
) -> None:
    """Set a project's own limits in place of those it had; the names are those of the settings."""
    pairs = [each.partition("=") for each in limits or []]
    try:
        values = {name: json.loads(value) for name, _, value in pairs}
    except ValueError as error:
        raise OperatorError("a limit is given as name=value") from error
    with _administration(data, f"limit {domain}/{project}") as administration:
        administration.update_project(administration.find_project(domain, project), limits=values)


@app.command()
def reset_password(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Give a user a new password and print it, this once; the user's tokens end."""
    with _administration(data, f"reset password of {domain}/{user}") as administration:
        password = administration.reset_password(administration.find_user(domain, user))
        _show({"domain": domain, "user": user, "password": password})


@app.command()
def create_key(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Give a user one more access key; prints the secret key, this once."""
    with _administration(data, f"create access key for {domain}/{user}") as administration:
        _show(asdict(administration.create_key(administration.find_user(domain, user))))


@app.command()
def revoke_key(access_key: str, data: Data = None) -> None:
    """Delete an access key."""
    with _administration(data, f"revoke access key {access_key}") as administration:
        administration.delete_key(access_key)


@app.command()
def rotate_key(access_key: str, data: Data = None) -> None:
    """Put a new access key in place of one; prints the secret key, this once."""
    with _administration(data, f"rotate access key {access_key}") as administration:
        _show(asdict(administration.rotate_key(access_key)))


@app.command()
def rotate_token_keys(data: Data = None) -> None:
    """Sign tokens with a new key from now on. Nobody is logged out."""
    with _administration(data, "rotate token keys") as administration:
        administration.rotate_token_keys(timedelta(hours=settings_of(data=data).token_hours))


def _time(value: datetime | None) -> str:
    return "never" if value is None else f"{value:%Y-%m-%d %H:%M:%S} UTC"


def _show(values: dict[str, Any]) -> None:
    print(json.dumps(values, indent=2))


@contextmanager
def _administration(data: Path | None, event: str) -> Iterator["Administration"]:
    """Accounts of a data directory that a server has made; what was done is noted in the audit log."""
    from openfrs.accounts.administration import Administration
    from openfrs.accounts.audit.database_log import open_audit
    from openfrs.accounts.keyring import open_keyring
    from openfrs.accounts.quotas import ProjectLimits
    from openfrs.store.accounts import AccountRepository
    from openfrs.store.opening import opened_database, require_data

    settings = settings_of(data=data)
    require_data(settings)
    with opened_database(settings) as database, closing(open_audit(settings, database)) as audit:
        keyring = open_keyring(settings, database)
        yield Administration(AccountRepository(database), keyring, ProjectLimits.of(settings))
        if event:
            audit.record("command", command=event)
