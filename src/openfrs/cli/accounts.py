"""``openfrs accounts``: local administration of accounts. The server may run."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from openfrs.accounts.administration import Administration, NewAccount
from openfrs.accounts.principal import Role
from openfrs.accounts.quotas import ProjectLimits
from openfrs.store.accounts import Domain

from .account_commands import account_command, opened_accounts
from .named_accounts import find_domain, naming, parse_limits, reject_known_domain
from .options import Data, Json, settings_of, show_json

app = typer.Typer(no_args_is_help=True)

DomainName = Annotated[str, typer.Argument(help="Name of the domain.")]
UserName = Annotated[str, typer.Argument(help="Name of the user.")]
OneTime = Annotated[bool, typer.Option("--one-time", help="The user has to change the password before the next login.")]
ProjectName = Annotated[str, typer.Argument(help="Name of the project.")]


@app.command("list")
def list_accounts(as_json: Json = False, data: Data = None) -> None:
    """List domains with their projects, users, roles and access keys."""
    with opened_accounts(data) as (administration, _):
        domains = [_describe_domain(administration, domain) for domain in administration.list_domains()]
    if as_json:
        show_json(domains)
    else:
        _show_tables(domains)


@app.command()
def create_domain(
    name: DomainName,
    project: Annotated[str, typer.Option(help="Name of the first project.")] = "local",
    user: Annotated[str, typer.Option(help="Name of the first user, an admin of that project.")] = "admin",
    data: Data = None,
) -> None:
    """Create a domain with a project and an admin, and print the credentials. They are shown only once."""
    with account_command(data, "create-domain", f"create domain {name}") as command:

        def deliver(new: NewAccount) -> None:
            command.projects.add(new.project_id)
            show_json(asdict(new))

        reject_known_domain(command.administration, name)
        with naming(f"domain {name}"):
            command.administration.create_domain(name, project=project, user=user, deliver=deliver)


@app.command()
def create_project(domain: DomainName, name: ProjectName, data: Data = None) -> None:
    """Create a project in a domain."""
    with account_command(data, "create-project", f"create project {domain}/{name}") as command:
        owner = find_domain(command.administration, domain)
        with naming(f"project {name} of domain {domain}"):
            project = command.administration.create_project(owner, name)
        command.projects.add(project.id)
        show_json({"project_name": project.name, "project_id": project.id})


@app.command()
def create_user(
    domain: DomainName,
    name: UserName,
    project: Annotated[str, typer.Option(help="Project to grant the user a role on.")] = "",
    role: Annotated[Role, typer.Option(help="Role to grant.")] = Role.OPERATOR,
    one_time: OneTime = False,
    data: Data = None,
) -> None:
    """Create a user and print the password. It is shown only once."""
    with account_command(data, "create-user", f"create user {domain}/{name}") as command:
        owner = find_domain(command.administration, domain)
        granted_project = command.project(domain, project) if project else None
        with naming(f"user {name} of domain {domain}"):
            user, password = command.administration.create_user(owner, name, one_time=one_time)
        command.subject = user.full_name
        if granted_project:
            command.administration.set_role(user, granted_project, role)
        show_json({"domain": domain, "user": name, "password": password})


@app.command()
def grant(domain: DomainName, user: UserName, project: ProjectName, role: Role, data: Data = None) -> None:
    """Grant a user a role on a project. It replaces the previous role."""
    with account_command(data, "grant", f"grant {role} of {domain}/{project} to {user}") as command:
        found, granted = command.user(domain, user), command.project(domain, project)
        previous = command.administration.get_roles(found).get(granted.id)
        command.administration.set_role(found, granted, role)
    replaced = f", no longer {previous}" if previous not in (None, role) else ""
    print(f"User {user} is {role} of project {project}{replaced}.")


@app.command()
def withdraw(domain: DomainName, user: UserName, project: ProjectName, data: Data = None) -> None:
    """Remove a user's role on a project and revoke the user's tokens."""
    with account_command(data, "withdraw", f"withdraw role of {domain}/{project} from {user}") as command:
        found, granted = command.user(domain, user), command.project(domain, project)
        with naming(f"role of user {user} on project {project}"):
            command.administration.remove_role(found, granted)
    print(f"User {user} has no role on project {project} any more; the user's tokens are revoked.")


@app.command()
def disable(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Disable a user. The user's tokens are revoked and the access keys stop working."""
    with account_command(data, "disable", f"disable {domain}/{user}") as command:
        command.administration.set_enabled(command.user(domain, user), enabled=False)
    print(f"User {user} of domain {domain} is disabled; the user's tokens are revoked.")


@app.command()
def enable(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Enable a user."""
    with account_command(data, "enable", f"enable {domain}/{user}") as command:
        command.administration.set_enabled(command.user(domain, user), enabled=True)
    print(f"User {user} of domain {domain} is enabled.")


@app.command()
def delete_user(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Delete a user. The user's roles, tokens and access keys end at once; the audit log keeps the name."""
    with account_command(data, "delete-user", f"delete {domain}/{user}") as command:
        command.administration.delete_user(command.user(domain, user))
    print(f"User {user} of domain {domain} is deleted with its roles, tokens and access keys.")


@app.command()
def disable_project(domain: DomainName, project: ProjectName, data: Data = None) -> None:
    """Disable a project. All its requests are rejected."""
    with account_command(data, "disable-project", f"disable project {domain}/{project}") as command:
        command.administration.update_project(command.project(domain, project), enabled=False)
    print(f"Project {project} of domain {domain} is disabled; all its requests are rejected.")


@app.command()
def enable_project(domain: DomainName, project: ProjectName, data: Data = None) -> None:
    """Enable a project."""
    with account_command(data, "enable-project", f"enable project {domain}/{project}") as command:
        command.administration.update_project(command.project(domain, project), enabled=True)
    print(f"Project {project} of domain {domain} is enabled.")


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
    values = parse_limits(limits or [], ProjectLimits.from_settings(settings_of(data=data)))
    with account_command(data, "limit", " ".join(["limit", f"{domain}/{project}", *(limits or [])])) as command:
        command.administration.update_project(command.project(domain, project), limits=values)
    own = ", ".join(f"{name}={value}" for name, value in values.items())
    others = "the settings apply to the others" if own else "all limits are those of the settings"
    print(f"Project {project} of domain {domain}: {own}{'; ' if own else ''}{others}.")


@app.command()
def reset_password(domain: DomainName, user: UserName, one_time: OneTime = False, data: Data = None) -> None:
    """Set a new password, print it and revoke the user's tokens. The password is shown only once."""
    with account_command(data, "reset-password", f"reset password of {domain}/{user}") as command:
        password = command.administration.reset_password(command.user(domain, user), one_time=one_time)
        show_json({"domain": domain, "user": user, "password": password})


@app.command()
def change_password(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Change a password that you know; prompts for it and for the new one, or reads two lines. Tokens are revoked."""
    if sys.stdin.isatty():
        old_password = typer.prompt("Current password", hide_input=True)
        password = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    else:
        old_password, password = (sys.stdin.readline().rstrip("\n") for _ in range(2))
    with account_command(data, "change-password", f"change password of {domain}/{user}") as command:
        min_length = settings_of(data=data).password_length
        found = command.user(domain, user)
        command.administration.change_password(found, old_password, password, min_length=min_length)
    print(f"The password of user {user} of domain {domain} is changed; the user's tokens are revoked.")


@app.command()
def create_key(domain: DomainName, user: UserName, data: Data = None) -> None:
    """Create an access key for a user and print the secret key. It is shown only once."""
    with account_command(data, "create-key", f"create access key for {domain}/{user}") as command:
        show_json(asdict(command.administration.create_key(command.user(domain, user))))


@app.command()
def revoke_key(access_key: str, data: Data = None) -> None:
    """Delete an access key."""
    with (
        account_command(data, "revoke-key", f"revoke access key {access_key}") as command,
        naming(f"access key {access_key}"),
    ):
        user = command.administration.delete_key(access_key)
        command.concern(user)
    print(f"Access key {access_key} of user {user.name} is deleted.")


@app.command()
def rotate_key(access_key: str, data: Data = None) -> None:
    """Replace an access key with a new one and print the secret key. It is shown only once."""
    with (
        account_command(data, "rotate-key", f"rotate access key {access_key}") as command,
        naming(f"access key {access_key}"),
    ):
        user, key = command.administration.rotate_key(access_key)
        command.concern(user)
        show_json(asdict(key))


@app.command()
def rotate_token_keys(data: Data = None) -> None:
    """Sign new tokens with a new key. Existing tokens stay valid."""
    with account_command(data, "rotate-token-keys", "rotate token keys") as command:
        command.administration.rotate_token_keys(timedelta(hours=settings_of(data=data).token_hours))
    print("New tokens are signed with a new key; existing tokens stay valid.")


def _time(value: datetime | None) -> str | None:
    return None if value is None else f"{value:%Y-%m-%dT%H:%M:%SZ}"


def _describe_domain(administration: Administration, domain: Domain) -> dict[str, Any]:
    """Return a domain with its projects and users, as JSON shows them."""
    projects = {project.id: project for project in administration.list_projects(domain.id)}
    return {
        "name": domain.name,
        "id": domain.id,
        "projects": [
            {"name": project.name, "id": project.id, "enabled": project.enabled, "limits": dict(project.limits)}
            for project in projects.values()
        ],
        "users": [
            {
                "name": user.name,
                "id": user.id,
                "enabled": user.enabled,
                "roles": {projects[key].name: str(role) for key, role in administration.get_roles(user).items()},
                "access_keys": [
                    {"access_key": key.access_key, "last_used_at": _time(key.last_used_at)}
                    for key in administration.list_keys(user)
                ],
            }
            for user in administration.list_users(domain.id)
        ],
    }


def _show_tables(domains: list[dict[str, Any]]) -> None:
    projects = Table("domain", "project", "state", Column("project id", overflow="fold"))  # a truncated ID is useless
    users = Table("domain", "user", "state", "roles", Column("access keys (last used)", overflow="fold"))
    for domain in domains:
        for project in domain["projects"]:
            projects.add_row(domain["name"], project["name"], _state(project), project["id"])
        for user in domain["users"]:
            roles = "\n".join(f"{role} of {project}" for project, role in user["roles"].items())
            keys = (f"{key['access_key']} ({key['last_used_at'] or 'never'})" for key in user["access_keys"])
            users.add_row(domain["name"], user["name"], _state(user), roles, "\n".join(keys))
        projects.add_section()
        users.add_section()
    for table in (projects, users):
        Console().print(table)


def _state(account: Mapping[str, Any]) -> str:
    return "enabled" if account["enabled"] else "disabled"
