"""The project and the face set that an operator names on the command line."""

from openfrs.accounts.bootstrap import first_project_id
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.store.data_directory import DataDirectory
from openfrs.store.faces.models import FaceSet
from openfrs.store.faces.repository import FaceRepository


def project_or_first(settings: Settings, project_id: str | None) -> str:
    """Return ``project_id``, or the project of the first account if it is not set.

    Raises:
        OperatorError: The file with the first account's credentials is missing or damaged.
    """
    return project_id or first_project_id(DataDirectory(settings.data).credentials)


def find_face_set(repository: FaceRepository, project_id: str, name: str) -> FaceSet:
    """Return a face set by name.

    Raises:
        OperatorError: The project has no face set of that name.
    """
    face_set = repository.find_set(project_id, name)
    if face_set is None:
        raise OperatorError(f"project {project_id} has no face set {name}")
    return face_set
