"""The migrations lead exactly to the schema that the code uses."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from openfrs.store.database import HEAD, Database
from openfrs.store.tables import metadata


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_the_newest_revision_is_the_one_that_opening_looks_for() -> None:
    config = Config()
    config.set_main_option("script_location", "openfrs.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    Database(file).close()
    before = file.read_bytes()
    Database(file).close()
    assert file.read_bytes() == before
