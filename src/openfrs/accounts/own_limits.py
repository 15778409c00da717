"""Limits that the admins of a project change themselves."""

from collections.abc import Mapping
from typing import Any

from openfrs.core.errors import ServiceError
from openfrs.store.accounts import Project

from .administration import Administration
from .quotas import ProjectLimits


class OwnLimits:
    """Changes of limits by admins of projects that belong to the operator; limits of tenants protect the operator from them."""

    def __init__(self, administration: Administration, default_limits: ProjectLimits, operator_domain: str) -> None:
        self._administration = administration
        self._default_limits = default_limits
        self._operator_domain = operator_domain

    def are_editable(self, project: Project) -> bool:
        """Return whether the admins of a project can change its limits."""
        return bool(self._operator_domain) and project.domain.name == self._operator_domain

    def change(self, project: Project, values: Mapping[str, Any]) -> ProjectLimits:
        """Change some limits of a project, and return all of them.

        Raises:
            ServiceError: ``IAM.403`` the project belongs to a tenant, ``IAM.400`` a limit is invalid.
        """
        if not self.are_editable(project):
            raise ServiceError("IAM.403")
        if any(isinstance(value, bool | str) for value in values.values()):
            raise ServiceError("IAM.400")
        limits = {**project.limits, **values}
        self._administration.update_project(project, limits=limits)
        return self._default_limits.override(limits)
