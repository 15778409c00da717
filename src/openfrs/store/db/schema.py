"""Migration of a database to the current schema, with Alembic."""

import logging
from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from openfrs.core.errors import OperatorError

_log = logging.getLogger(__name__)


def upgrade(connection: Connection, current: str | None, location: str, preserve: Callable[[str], str]) -> None:
    """Run the migrations that follow the revision ``current``; None stands for an empty database.

    ``preserve`` is called first if the database is not empty, so that an operator can return to the older release.

    Raises:
        OperatorError: the revision is of a newer release.
        StoreUnavailableError: there is no space for the copy.
    """
    config = Config()
    config.set_main_option("script_location", "openfrs.store.db:migrations")
    scripts = ScriptDirectory.from_config(config)
    revisions, head = {script.revision for script in scripts.walk_revisions()}, scripts.get_current_head()
    if current is not None and current not in revisions:
        raise OperatorError(
            f"{location} was written by a newer release of OpenFRS (schema {current}); install that release"
        )
    if current is not None:
        _log.info("migrating the database from schema %s to %s; %s", current, head, preserve(current))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
