"""Bringing a database to the newest schema."""

import logging
from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from openfrs.core.errors import OperatorError

_log = logging.getLogger(__name__)


def upgrade(connection: Connection, current: str | None, place: str, keep: Callable[[str], str]) -> None:
    """Run the migrations after the revision ``current`` of the database at ``place``; None stands for an empty database.

    ``keep`` is called first where there is something to lose: a release that turns out to be of no use can be left again.

    Raises:
        OperatorError: the revision is of a newer release.
        StoreUnavailableError: there is no room to keep it.
    """
    config = Config()
    config.set_main_option("script_location", "openfrs.store.db:migrations")
    scripts = ScriptDirectory.from_config(config)
    known, head = {script.revision for script in scripts.walk_revisions()}, scripts.get_current_head()
    if current is not None and current not in known:
        raise OperatorError(f"{place} was written by a newer release of OpenFRS (schema {current})")
    if current is not None:
        _log.info("bringing the database from schema %s to %s; %s", current, head, keep(current))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
