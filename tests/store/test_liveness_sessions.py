"""Liveness sessions: claimed once, read once and expired, from any process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.liveness_sessions import LivenessSession, LivenessSessionRepository
from tests.support.databases import DatabaseLocation, open_database

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)
SESSION = LivenessSession("a" * 32, "p" * 32, (1, 3, 2), mirrored=True, expires_at=LATER)
RESULT = {"alive": True}


@pytest.fixture
def databases(location: DatabaseLocation) -> Iterator[list[Database]]:
    """One database with two projects, opened twice as by two processes."""
    opened = [open_database(location) for _ in range(2)]
    with opened[0].write() as connection:
        connection.execute(insert(tables.domains).values(id="d", name="d"))
        for project in "pq":
            connection.execute(insert(tables.projects).values(id=project * 32, domain_id="d", name=project))
    yield opened
    for database in opened:
        database.close()


@pytest.fixture
def repositories(databases: list[Database]) -> list[LivenessSessionRepository]:
    return [LivenessSessionRepository(database) for database in databases]


def test_a_session_is_shared_between_processes(repositories: list[LivenessSessionRepository]) -> None:
    first, second = repositories
    first.add(SESSION, NOW)
    assert second.claim("p" * 32, SESSION.id, NOW) == SESSION
    assert first.pop_result("p" * 32, SESSION.id, NOW) is None
    second.store_result(SESSION.id, RESULT, LATER)
    assert first.pop_result("p" * 32, SESSION.id, NOW) == RESULT
    assert second.pop_result("p" * 32, SESSION.id, NOW) is None


def test_a_session_and_its_result_are_returned_to_one_caller(repositories: list[LivenessSessionRepository]) -> None:
    repositories[0].add(SESSION, NOW)
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda each: each.claim("p" * 32, SESSION.id, NOW), repositories * 8))
        repositories[0].store_result(SESSION.id, RESULT, LATER)
        results = list(pool.map(lambda each: each.pop_result("p" * 32, SESSION.id, NOW), repositories * 8))
    assert (claimed.count(SESSION), claimed.count(None)) == (1, 15)
    assert (results.count(RESULT), results.count(None)) == (1, 15)


def test_another_project_has_no_access(repositories: list[LivenessSessionRepository]) -> None:
    first, _ = repositories
    first.add(SESSION, NOW)
    assert first.claim("q" * 32, SESSION.id, NOW) is None
    assert first.claim("p" * 32, SESSION.id, NOW) == SESSION
    first.store_result(SESSION.id, RESULT, LATER)
    assert first.pop_result("q" * 32, SESSION.id, NOW) is None
    assert first.pop_result("p" * 32, SESSION.id, NOW) == RESULT


def test_expired_sessions_and_results_are_not_returned(
    repositories: list[LivenessSessionRepository], databases: list[Database]
) -> None:
    first, _ = repositories
    first.add(SESSION, NOW)
    assert first.claim("p" * 32, SESSION.id, LATER) is None
    assert first.claim("p" * 32, SESSION.id, NOW) == SESSION
    first.store_result(SESSION.id, RESULT, LATER + timedelta(minutes=2))
    assert first.pop_result("p" * 32, SESSION.id, LATER + timedelta(minutes=2)) is None
    first.add(LivenessSession("b" * 32, "p" * 32, (1,), mirrored=False, expires_at=LATER), LATER + timedelta(hours=1))
    with databases[0].read() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.liveness_sessions)) == 1
