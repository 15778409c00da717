"""Times in the database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import StatementError

from openfrs.store.db import tables
from tests.support.databases import DatabaseLocation, open_database

NOON = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)
_tokens = tables.revoked_tokens


@pytest.mark.parametrize("moment", [NOON, NOON.astimezone(timezone(timedelta(hours=8)))])
def test_a_time_is_stored_in_utc_without_a_zone_and_read_with_one(location: DatabaseLocation, moment: datetime) -> None:
    database = open_database(location)
    with database.write() as connection:
        connection.execute(insert(_tokens).values(token_id="t", expires_at=moment))
    with database.read() as connection:
        read = connection.scalar(select(_tokens.c.expires_at).where(_tokens.c.expires_at == moment))
        stored = connection.scalar(text("select cast(expires_at as varchar(40)) from revoked_tokens"))
    database.close()
    assert read == NOON
    assert read is not None
    assert read.tzinfo is UTC
    assert stored == "2026-01-01 12:00:00.000005"


def test_a_time_without_a_zone_is_rejected(location: DatabaseLocation) -> None:
    database = open_database(location)
    naive = NOON.replace(tzinfo=None)
    with database.write() as connection, pytest.raises(StatementError, match="without a zone"):
        connection.execute(insert(_tokens).values(token_id="t", expires_at=naive))
    database.close()
