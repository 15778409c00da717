"""The project and the face set that an operator names on the command line."""

from typing import Final

from openfrs.accounts.bootstrap import first_project_id
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.store.accounts import AccountRepository
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import Database
from openfrs.store.faces.models import FaceSet
from openfrs.store.faces.repository import FaceRepository

_CHOICES: Final = 10


def project_or_first(settings: Settings, database: Database, project: str | None) -> str:
    """Return the id of a project given by id, name, or domain and name (``openfrs/local``); without one, that of the first account.

    Raises:
        OperatorError: There is no such project, or several; or the file with the first account's credentials is missing or damaged.
    """
    wanted = project or first_project_id(DataDirectory(settings.data).credentials)
    accounts = AccountRepository(database)
    if accounts.find_project(wanted) is not None:
        return wanted
    projects = [each for domain in accounts.list_domains() for each in accounts.list_projects(domain.id)]
    paths = {f"{each.domain.name}/{each.name}": each for each in projects}
    if wanted in paths:
        return paths[wanted].id
    named = [path for path, each in paths.items() if each.name == wanted]
    if len(named) == 1:
        return paths[named[0]].id
    problem = f"several projects are named {wanted}" if named else f"there is no project {wanted}"
    choices = named or list(paths)
    more = f" and {len(choices) - _CHOICES} more" if len(choices) > _CHOICES else ""
    raise OperatorError(f"{problem}; choose one of {', '.join(choices[:_CHOICES])}{more}")


def find_face_set(repository: FaceRepository, project_id: str, name: str) -> FaceSet:
    """Return a face set by name.

    Raises:
        OperatorError: The project has no face set of that name.
    """
    face_set = repository.find_set(project_id, name)
    if face_set is None:
        raise OperatorError(f"project {project_id} has no face set {name}")
    return face_set
