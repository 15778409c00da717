"""Where everything durable is: a data directory of this node's own, or a database that nodes share."""

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

from .data_directory import DataDirectory
from .service_keys import require_no_migration

if TYPE_CHECKING:
    from openfrs.store.index.milvus.search import MilvusIndex


def master_key(settings: Settings) -> bytes | None:
    """The key that the keys of templates are encrypted by, if one is set.

    Raises:
        OperatorError: it cannot be read.
    """
    if settings.master_key is not None and settings.master_key_file is not None:
        raise OperatorError("set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY, not both")
    if settings.master_key is not None:
        return parse_master_key(settings.master_key.get_secret_value())
    return None if settings.master_key_file is None else read_master_key(settings.master_key_file)


def require_one_node(settings: Settings, instead: str) -> None:
    """Refuse what is for a data directory alone, and say what to do instead.

    Raises:
        OperatorError
    """
    if settings.database is not None:
        raise OperatorError(f"the data is in the database that OPENFRS_DATABASE names: {instead}")


def require_data(settings: Settings) -> None:
    """Check, without opening the database, that there is one.

    Raises:
        OperatorError: The data directory holds no database.
    """
    if settings.database is None:
        DataDirectory(settings.data).require()


def open_database(settings: Settings, *, exclusive: bool = False) -> Database:
    """The database of the settings; ``exclusive`` keeps other nodes out, where there can be any.

    Raises:
        OperatorError: it cannot be used. Where there are keys in the data directory it must hold something: they are made after
            it.
    """
    if settings.database is not None:
        database = open_shared(settings, exclusive=exclusive)
        try:
            require_no_migration(database)
        except BaseException:
            database.close()
            raise
        return database
    directory = DataDirectory(settings.data)
    path, keys = directory.database, directory.keys
    if keys.exists() and not (path.exists() and path.stat().st_size):
        raise OperatorError(f"{path} is missing or empty, though {keys} shows that there was one: bring it back")
    return SqliteDatabase(path)


def open_shared(settings: Settings, *, exclusive: bool) -> Database:
    """The database that nodes share, even one that a data directory is still being moved into.

    Raises:
        OperatorError: it cannot be used, or there is no master key.
    """
    from openfrs.store.db.postgresql import PostgresqlDatabase  # with its driver, which only those have who want it

    if settings.database is None:
        raise OperatorError("name the database, such as postgresql://openfrs@db.example/openfrs")
    if master_key(settings) is None:
        raise OperatorError(
            "a database that nodes share holds keys, encrypted: set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY"
        )
    return PostgresqlDatabase(settings.database.get_secret_value(), exclusive=exclusive)


@contextmanager
def opened_database(settings: Settings, *, exclusive: bool = False) -> Iterator[Database]:
    """The database of the settings until the block ends; a fault of the machine is one line for the operator.

    Raises:
        OperatorError: it cannot be used.
    """
    database = open_database(settings, exclusive=exclusive)
    try:
        yield database
    except StoreUnavailableError as error:
        raise OperatorError(f"the database cannot be used: {error}") from error
    finally:
        database.close()


@contextmanager
def shared_database(settings: Settings) -> Iterator[Database]:
    """The database, which servers may be using: that of a data directory is opened only if that changes nothing of it.

    Raises:
        OperatorError: there is none, it has another schema, or it cannot be used.
    """
    require_data(settings)
    if settings.database is None:
        require_schema(settings)
    with opened_database(settings) as database:
        yield database


def require_schema(settings: Settings) -> None:
    """See that the database of the data directory can be opened without changing its schema.

    Raises:
        OperatorError: it cannot.
    """
    with closing(sqlite3.connect(DataDirectory(settings.data).database)) as connection:
        try:
            ((schema,),) = connection.execute("select version_num from alembic_version").fetchall()
        except (sqlite3.Error, ValueError):
            schema = "unknown"
    if schema != HEAD:
        raise OperatorError(
            f"the database has schema {schema}, this release {HEAD}: start the server of this release once"
        )


def open_milvus_index(settings: Settings, database: Database, repository: FaceRepository) -> "MilvusIndex | None":
    """The index of face sets on a server, if the settings name one; it need not answer yet.

    Raises:
        OperatorError: it cannot be used.
    """
    if settings.index == "memory":
        return None
    if settings.milvus is None:
        raise OperatorError("set OPENFRS_MILVUS, such as http://host:19530, for the index on Milvus")
    from openfrs.store.index.milvus.search import MilvusIndex

    return MilvusIndex.open(settings.milvus.get_secret_value(), database, repository)
