"""Domains, users, projects, access keys and limits that an operator names, and errors that name them and the choices."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from openfrs.accounts.administration import Administration
from openfrs.accounts.quotas import ProjectLimits
from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.limits import MAX_NAME_LENGTH
from openfrs.store.accounts import Domain, Project, User

_MAX_CHOICES = 20
"""Number of names that a message lists."""


def find_domain(administration: Administration, name: str) -> Domain:
    """Return a domain by name.

    Raises:
        OperatorError: There is none of that name.
    """
    try:
        return administration.find_domain(name)
    except ServiceError as error:
        names = (domain.name for domain in administration.list_domains())
        raise OperatorError(f"there is no domain {name}; {_choices('domains', names)}") from error


def find_project(administration: Administration, domain: str, name: str) -> Project:
    """Return a project by the names of its domain and itself.

    Raises:
        OperatorError: There is none of these names.
    """
    domain_id = find_domain(administration, domain).id
    try:
        return administration.find_project(domain, name)
    except ServiceError as error:
        names = (project.name for project in administration.list_projects(domain_id))
        raise OperatorError(f"domain {domain} has no project {name}; {_choices('its projects', names)}") from error


def find_user(administration: Administration, domain: str, name: str) -> User:
    """Return a user by the names of its domain and itself.

    Raises:
        OperatorError: There is none of these names.
    """
    domain_id = find_domain(administration, domain).id
    try:
        return administration.find_user(domain, name)
    except ServiceError as error:
        names = (user.name for user in administration.list_users(domain_id))
        raise OperatorError(f"domain {domain} has no user {name}; {_choices('its users', names)}") from error


def reject_known_domain(administration: Administration, name: str) -> None:
    """Check that no domain has a name, before credentials for it are printed.

    Raises:
        OperatorError: A domain has the name.
    """
    if any(domain.name == name for domain in administration.list_domains()):
        raise OperatorError(f"domain {name} exists already; choose another name")


@contextmanager
def naming(thing: str) -> Iterator[None]:
    """Say in an error of the block that ``thing``, such as ``user ben of domain acme``, exists already, is missing or is invalid.

    Raises:
        OperatorError: The block raised ``IAM.400``, ``IAM.404`` or ``IAM.409``.
    """
    try:
        yield
    except ServiceError as error:
        match error.entry.key:
            case "IAM.409":
                raise OperatorError(f"{thing} exists already; choose another name") from error
            case "IAM.404":
                raise OperatorError(f"there is no {thing}; openfrs accounts list shows what there is") from error
            case "IAM.400":
                rule = f"1 to {MAX_NAME_LENGTH} characters, no control characters, no space at either end"
                raise OperatorError(f"{thing}: a name is not valid; a name has {rule}") from error
        raise


def parse_limits(texts: Sequence[str], defaults: ProjectLimits) -> dict[str, Any]:
    """Return the limits of ``name=value`` texts.

    Raises:
        OperatorError: A text has another form, a limit is unknown, or its value is not valid.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise OperatorError(f"limit {text} has no value; write {text}=VALUE")
        if name not in ProjectLimits.model_fields:
            raise OperatorError(f"{name} is not a limit; {_choices('limits', ProjectLimits.model_fields)}")
        try:
            values[name] = json.loads(value)
        except ValueError as error:
            raise OperatorError(f"limit {name}: {value} is not a number") from error
    try:
        defaults.override(values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0])
        reason = first["msg"].removeprefix("Input should be ")
        raise OperatorError(f"limit {name}: {values[name]} is not valid; it must be {reason}") from error
    return values


def _choices(kind: str, names: Iterable[str]) -> str:
    known = sorted(names)
    more = f" and {len(known) - _MAX_CHOICES} more" if len(known) > _MAX_CHOICES else ""
    return f"{kind}: {', '.join(known[:_MAX_CHOICES]) or 'none'}{more}"
