"""Bringing a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..errors import OperatorError


def upgrade(connection: Connection, current: str | None, path: Path) -> None:
    """Run the migrations after the revision ``current``; None stands for an empty database.

    Raises:
        OperatorError: the revision is of a newer release.
    """
    config = Config()
    config.set_main_option("script_location", "openfrs.store:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise OperatorError(f"{path} was written by a newer release of OpenFRS (schema {current})")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
