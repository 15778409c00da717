"""The clock is trusted while it is plausible."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from openfrs.store.accounts import AccountRepository, Domain, User
from openfrs.store.clock import ClockWatch
from openfrs.store.credentials import AccessKey
from openfrs.store.db.base import Database
from tests.support.databases import DatabaseLocation, open_database
from tests.support.store_accounts import create_account

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Watch(ClockWatch):
    """A watch over a clock that is set."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, lambda: self.now)
        self.now = CREATED

    def trusts(self, now: datetime) -> bool:
        self.now = now
        return self.check() is None


@pytest.fixture
def watch(location: DatabaseLocation) -> Iterator[Watch]:
    """A watch over a database whose newest write was at ``CREATED``."""
    create_account(location)
    with closing(open_database(location)) as database:
        yield Watch(database)


def test_a_clock_is_compared_with_the_newest_write_at_first_and_then_with_the_last_check(watch: Watch) -> None:
    assert watch.trusts(CREATED + DAY)
    assert watch.trusts(CREATED + 2 * DAY)
    assert not watch.trusts(CREATED + 3 * DAY + HOUR)


def test_the_first_check_compares_with_the_newest_write(watch: Watch) -> None:
    hold = watch.check()
    assert hold is None
    watch.now = datetime(2037, 1, 1, tzinfo=UTC)
    hold = watch.check()
    assert hold is not None
    assert (hold.newest_write, hold.until) == (CREATED, datetime(2037, 1, 2, tzinfo=UTC))


def test_a_clock_that_is_set_back_is_trusted_at_once(watch: Watch) -> None:
    assert not watch.trusts(CREATED + 4000 * DAY)
    assert watch.trusts(CREATED + HOUR)
    assert watch.trusts(CREATED - 10 * DAY)
    assert not watch.trusts(CREATED)


def test_a_clock_that_runs_evenly_for_a_day_is_trusted(watch: Watch) -> None:
    """A service that was stopped for a week deletes what has expired after a day."""
    restart = CREATED + 7 * DAY
    assert [watch.trusts(restart + hours * HOUR) for hours in (0, 12, 23)] == [False] * 3
    assert watch.trusts(restart + 24 * HOUR)
    assert watch.trusts(restart + 30 * HOUR)


def test_a_second_step_during_the_wait_starts_it_anew(watch: Watch) -> None:
    assert not watch.trusts(CREATED + 7 * DAY)
    assert not watch.trusts(CREATED + 70 * DAY)
    assert not watch.trusts(CREATED + 70 * DAY + 23 * HOUR)
    assert watch.trusts(CREATED + 71 * DAY)


def test_the_operator_can_accept_the_clock(watch: Watch) -> None:
    assert not watch.trusts(CREATED + 7 * DAY)
    watch.trust()
    assert watch.trusts(CREATED + 7 * DAY + HOUR)


def test_the_newest_write_is_found_among_rows_without_a_time(location: DatabaseLocation) -> None:
    create_account(location)
    with closing(open_database(location)) as database:
        accounts, domain = AccountRepository(database), Domain("d" * 32, "domain")
        keys = [AccessKey(name, "u" * 32, b"", CREATED) for name in ("used", "unused")]
        accounts.create(users=[User("u" * 32, "user", domain, "hash")], keys=keys)
        accounts.record_access_key_use("used", CREATED + 5 * DAY)
        watch = Watch(database)
        assert watch.trusts(CREATED + 6 * DAY)
