"""Who is asking."""

from collections.abc import Collection
from dataclasses import dataclass

from ..errors import ServiceError
from ..store.accounts import User


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller and the projects the credentials are good for."""

    user: User
    project_ids: Collection[str]

    def require_project(self, project_id: str) -> str:
        """The project id, if the caller may act in it.

        Raises:
            ServiceError: ``FRS.0028``
        """
        if project_id not in self.project_ids:
            raise ServiceError("FRS.0028")
        return project_id
