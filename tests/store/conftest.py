"""Every repository is tested on every database."""

from pathlib import Path

import pytest

from tests.support.databases import Place
from tests.support.postgresql import PostgresqlServer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.process)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty database."""
    if request.param == "sqlite":
        return tmp_path / "x.db"
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.new_database()
