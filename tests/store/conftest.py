"""Fixtures of the store's tests, which run on each database."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openfrs.store.db.base import Database
from openfrs.store.faces.repository import FaceRepository
from tests.support.databases import DatabaseLocation
from tests.support.galleries import new_database
from tests.support.postgresql import PostgresqlServer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.process)])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseLocation:
    """Return the location of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "x.db"
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
def database(location: DatabaseLocation) -> Iterator[Database]:
    """Open a database with one project."""
    with closing(new_database(location)) as database:
        yield database


@pytest.fixture
def repository(database: Database) -> FaceRepository:
    """Return the face repository of the database."""
    return FaceRepository(database)
