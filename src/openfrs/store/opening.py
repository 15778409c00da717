"""Opens the store that the settings name: a data directory of this node, or a database that nodes share."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.store.db.base import HEAD, Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.sqlite import SqliteDatabase
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import parse_master_key, read_master_key
from openfrs.store.index.scoring import Scoring

from .data_directory import DataDirectory
from .service_keys import require_no_migration

if TYPE_CHECKING:
    from openfrs.store.index.milvus.search import MilvusIndex


def load_master_key(settings: Settings) -> bytes | None:
    """Return the master key, or None if none is set.

    Raises:
        OperatorError: the key cannot be read, or is set twice.
    """
    if settings.master_key is not None and settings.master_key_file is not None:
        raise OperatorError("set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY, not both")
    if settings.master_key is not None:
        return parse_master_key(settings.master_key.get_secret_value())
    return None if settings.master_key_file is None else read_master_key(settings.master_key_file)


def require_master_key(settings: Settings) -> bytes | None:
    """Return the master key, or None if none is set and the data directory needs none for the service's keys.

    Raises:
        OperatorError: as :func:`load_master_key`, or none is set for a shared database.
    """
    key = load_master_key(settings)
    if key is None and settings.database is not None:
        raise OperatorError(
            "a shared database needs a master key for the keys in it: set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY"
        )
    return key


def reject_shared_database(settings: Settings, alternative: str) -> None:
    """Check that the store is a data directory.

    Raises:
        OperatorError: it is a shared database; the message recommends the alternative.
    """
    if settings.database is not None:
        raise OperatorError(f"the data is in the database of OPENFRS_DATABASE: {alternative}")


def require_data(settings: Settings) -> None:
    """Check, without opening the database, that there is one.

    Raises:
        OperatorError: the data directory has no database.
    """
    if settings.database is None:
        DataDirectory(settings.data).require()


def open_database(settings: Settings, *, exclusive: bool = False) -> Database:
    """Open the database; with ``exclusive`` no other node can connect to a shared one.

    Raises:
        OperatorError: the database cannot be used, or is missing from a data directory that has keys, which are always created
            after it.
    """
    if settings.database is not None:
        database = open_shared_database(settings, exclusive=exclusive)
        try:
            require_no_migration(database)
        except BaseException:
            database.close()
            raise
        return database
    directory = DataDirectory(settings.data)
    path, keys = directory.database, directory.keys
    if keys.exists() and not (path.exists() and path.stat().st_size):
        raise OperatorError(f"{path} is missing or empty, although {keys} exists: restore it from a backup")
    return SqliteDatabase(path)


def open_shared_database(settings: Settings, *, exclusive: bool) -> Database:
    """Open the shared database, even if it is the target of an unfinished migration.

    Raises:
        OperatorError: the database cannot be used, or there is no master key.
    """
    from openfrs.store.db.postgresql import PostgresqlDatabase  # its driver is an optional dependency

    if settings.database is None:
        raise OperatorError("set OPENFRS_DATABASE, such as postgresql://openfrs@db.example/openfrs")
    require_master_key(settings)
    return PostgresqlDatabase(settings.database.get_secret_value(), exclusive=exclusive)


@contextmanager
def opened_database(settings: Settings, *, exclusive: bool = False) -> Iterator[Database]:
    """Open the database until the block ends; a store error becomes an error for the operator.

    Raises:
        OperatorError: the database cannot be used.
    """
    database = open_database(settings, exclusive=exclusive)
    try:
        yield database
    except StoreUnavailableError as error:
        raise OperatorError(f"the database cannot be used: {error}") from error
    finally:
        database.close()


@contextmanager
def live_database(settings: Settings) -> Iterator[Database]:
    """Open, until the block ends, a database that servers may be using. A data directory is never migrated.

    Raises:
        OperatorError: there is no database, it has another schema, or it cannot be used.
    """
    require_data(settings)
    if settings.database is None:
        require_current_schema(settings)
    with opened_database(settings) as database:
        yield database


def require_current_schema(settings: Settings) -> None:
    """Check that opening the database of the data directory does not migrate it.

    Raises:
        OperatorError: the database has another schema.
    """
    with closing(sqlite3.connect(DataDirectory(settings.data).database)) as connection:
        try:
            ((schema,),) = connection.execute("select version_num from alembic_version").fetchall()
        except (sqlite3.Error, ValueError):
            schema = "unknown"
    if schema != HEAD:
        raise OperatorError(
            f"the database has schema {schema}, but this release needs {HEAD}: start the server of this release once"
        )


def open_milvus_index(
    settings: Settings, database: Database, repository: FaceRepository, scoring: Scoring
) -> "MilvusIndex | None":
    """Open the index on Milvus, or return None if the settings name none. The server need not be reachable yet.

    Raises:
        OperatorError: the settings are incomplete, or the client is missing.
    """
    if settings.index == "memory":
        return None
    if settings.milvus is None:
        raise OperatorError("set OPENFRS_MILVUS, such as http://host:19530, for the index on Milvus")
    from openfrs.store.index.milvus.search import MilvusIndex  # its client is an optional dependency

    return MilvusIndex.open(settings.milvus.get_secret_value(), database, repository, scoring)
