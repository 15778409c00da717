"""Databases as earlier releases left them."""

import contextlib
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine


def migrate(path: Path, revision: str) -> None:
    """Bring a database, made if need be, up to a revision."""
    config = _config()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def head_revision() -> str:
    """The newest revision."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(path: Path) -> str:
    """The revision of a database."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((revision,),) = connection.execute("select version_num from alembic_version").fetchall()
    return str(revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "openfrs.store:migrations")
    return config
