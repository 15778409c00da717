"""Where a store of a test can be: each database that the service runs on."""

from pathlib import Path

from openfrs.store.db.base import Database
from openfrs.store.db.postgresql import PostgresqlDatabase
from openfrs.store.db.sqlite import SqliteDatabase

Place = Path | str
"""A file of SQLite's, or the URL of a database of PostgreSQL's."""


def open_database(place: Place) -> Database:
    """One process's view of a database."""
    return PostgresqlDatabase(place) if isinstance(place, str) else SqliteDatabase(place)
