"""Work on a data directory that no server uses meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import OperatorError
from .server import data_directory
from .services import master_key, open_database
from .settings import Settings
from .store import template_keys
from .store.database import Database
from .store.faults import StoreUnavailableError
from .store.template_keys import Advance
from .store.templates import Templates, read_master_key


def encrypt_templates(settings: Settings, advance: Advance) -> None:
    """Encrypt the templates of every project that has plain ones."""
    key = _required_master_key(settings)
    with _database(settings) as database:
        template_keys.encrypt(database, key, advance)
        database.compact()  # what was plain has grown, and rows have moved
        _check(database, key)


def rotate_project_keys(settings: Settings, advance: Advance) -> None:
    """Encrypt the templates of every project with a new key."""
    key = _required_master_key(settings)
    with _database(settings) as database:
        _check(database, key)
        template_keys.rotate_project_keys(database, key, advance)


def rotate_master_key(settings: Settings, new_key_file: Path) -> int:
    """Encrypt the projects' keys by another master key; returns how many there are."""
    old, new = _required_master_key(settings), read_master_key(new_key_file)
    with _database(settings) as database:
        _check(database, old)
        return template_keys.rotate_master_key(database, old, new)


def erase_project(settings: Settings, project_id: str) -> int:
    """Destroy the key of a project's templates and delete its face sets; returns how many sets there were."""
    with _database(settings) as database:
        deleted = template_keys.erase_project(database, project_id)
        database.compact()
        return deleted


def scrub(settings: Settings) -> None:
    """Write the database anew, so that nothing is left in it of what was deleted."""
    with _database(settings) as database:
        database.compact()


def _check(database: Database, key: bytes) -> None:
    with database.read() as connection:
        Templates(key).check(connection)


def _required_master_key(settings: Settings) -> bytes:
    key = master_key(settings)
    if key is None:
        raise OperatorError("this needs the master key: set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY")
    return key


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The database of a data directory that is there, held alone; a fault of the machine is one line for the operator."""
    if not (settings.data / "openfrs.db").exists():
        raise OperatorError(f"{settings.data} is no data directory of OpenFRS")
    with data_directory(settings.data):
        database = open_database(settings)
        try:
            yield database
        except StoreUnavailableError as error:
            raise OperatorError(f"the database cannot be used: {error}") from error
        finally:
            database.close()
