"""Encryption of templates: enable it, rotate its keys, erase a project, scrub deleted data. No server may run."""

from pathlib import Path

from openfrs.core.errors import OperatorError
from openfrs.core.progress import Advance
from openfrs.core.settings import Settings
from openfrs.operations.lookup import project_or_first
from openfrs.store.db.base import Database
from openfrs.store.faces import key_rotation
from openfrs.store.faces.deletions import HeldError
from openfrs.store.faces.templates import Templates, read_master_key
from openfrs.store.opening import load_master_key

from .exclusive import exclusive_database


def encrypt_templates(settings: Settings, advance: Advance) -> None:
    """Encrypt the templates of every project that has plain ones."""
    key = _required_master_key(settings)
    with exclusive_database(settings) as database:
        key_rotation.encrypt(database, key, advance)
        database.compact()  # the pages that held the plain templates
        _check_master_key(database, key)


def rotate_project_keys(settings: Settings, advance: Advance) -> None:
    """Encrypt the templates of every project with a new key."""
    key = _required_master_key(settings)
    with exclusive_database(settings) as database:
        _check_master_key(database, key)
        key_rotation.rotate_project_keys(database, key, advance)


def rotate_master_key(settings: Settings, new_key_file: Path) -> int:
    """Encrypt the project keys with another master key, and return the number of projects."""
    old_key, new_key = _required_master_key(settings), read_master_key(new_key_file)
    with exclusive_database(settings) as database:
        _check_master_key(database, old_key)
        return key_rotation.rotate_master_key(database, old_key, new_key)


def erase_project(settings: Settings, project: str) -> int:
    """Destroy the key of a project's templates, delete its face sets, and return the number of face sets.

    ``project`` is an id, a name, or a domain and a name.

    Raises:
        OperatorError: There is no such project, or a face set is under legal hold. Nothing is changed.
    """
    with exclusive_database(settings) as database:
        project_id = project_or_first(settings, database, project)
        try:
            deleted = key_rotation.erase_project(database, project_id)
        except HeldError:
            raise OperatorError("a face set of the project is under legal hold; nothing was changed") from None
        database.compact()
        return deleted


def scrub(settings: Settings) -> None:
    """Rewrite the database without the remains of deleted data."""
    with exclusive_database(settings) as database:
        database.compact()


def _check_master_key(database: Database, key: bytes) -> None:
    with database.read() as connection:
        Templates(key).check(connection)


def _required_master_key(settings: Settings) -> bytes:
    key = load_master_key(settings)
    if key is None:
        raise OperatorError("no master key is set; set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY")
    return key
