"""Bringing a database to the newest schema."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..errors import OperatorError
from .copying import copy_database

_log = logging.getLogger(__name__)


def upgrade(connection: Connection, current: str | None, path: Path) -> None:
    """Run the migrations after the revision ``current``; None stands for an empty database.

    The database as it was is kept beside it: a release that turns out to be of no use can be left again.

    Raises:
        OperatorError: the revision is of a newer release.
        StoreUnavailableError: there is no room for the copy.
    """
    config = Config()
    config.set_main_option("script_location", "openfrs.store:migrations")
    scripts = ScriptDirectory.from_config(config)
    known, head = {script.revision for script in scripts.walk_revisions()}, scripts.get_current_head()
    if current is not None and current not in known:
        raise OperatorError(f"{path} was written by a newer release of OpenFRS (schema {current})")
    if current is not None:
        kept = old_database(path, current)
        copy_database(path, kept)  # the connection holds the lock: nobody else can write
        _log.info("bringing the database from schema %s to %s; as it was it is kept in %s", current, head, kept)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def old_database(path: Path, schema: str) -> Path:
    """Where a database is kept as it was before it was brought from this schema to the present one."""
    return path.with_name(f"{path.stem}-schema-{schema}{path.suffix}")
