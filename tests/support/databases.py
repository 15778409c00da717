"""The databases that the tests of the store run on."""

from pathlib import Path

from openfrs.store.db.base import Database
from openfrs.store.db.postgresql import PostgresqlDatabase
from openfrs.store.db.sqlite import SqliteDatabase

DatabaseLocation = Path | str
"""The path of a SQLite file or the URL of a PostgreSQL database."""


def open_database(location: DatabaseLocation) -> Database:
    """Open a database as one process does."""
    return PostgresqlDatabase(location) if isinstance(location, str) else SqliteDatabase(location)
