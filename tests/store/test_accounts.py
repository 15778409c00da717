"""What every request asks of accounts, each in one query."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from openfrs.store.accounts import AccountRepository, Domain, Grant, Project, User
from tests.support.databases import Place, open_database

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
DOMAIN = Domain("d" * 32, "domain")
USER, STRANGER = User("u" * 32, "somebody", DOMAIN, "hash"), User("s" * 32, "stranger", DOMAIN, "hash")
PROJECT = Project("p" * 32, "project", DOMAIN, NOW, limits={"qps": 7})
OTHER = Project("o" * 32, "other", DOMAIN, NOW)


@pytest.fixture
def accounts(place: Place) -> Iterator[AccountRepository]:
    """Two users and two projects, one of either with a role."""
    database = open_database(place)
    accounts = AccountRepository(database)
    accounts.create(
        domains=[DOMAIN],
        users=[USER, STRANGER],
        projects=[PROJECT, OTHER],
        grants=[Grant(USER.id, PROJECT.id, "operator")],
    )
    yield accounts
    database.close()


def test_a_token_s_bearer_is_its_user(accounts: AccountRepository) -> None:
    assert accounts.find_token_user(USER.id, "token") == accounts.find_user(USER.id) == USER
    assert accounts.find_token_user("nobody", "token") is None


def test_a_revoked_token_has_no_bearer_and_others_of_the_user_have(accounts: AccountRepository) -> None:
    accounts.revoke_token("token", LATER, NOW)
    assert accounts.find_token_user(USER.id, "token") is None
    assert accounts.find_token_user(USER.id, "another") == USER


def test_a_bearer_is_read_as_it_is_now(accounts: AccountRepository) -> None:
    accounts.update_user(USER.id, enabled=False)
    bearer = accounts.find_token_user(USER.id, "token")
    assert bearer is not None
    assert (bearer.enabled, bearer.credentials_version) == (False, 1)


def test_a_member_has_the_project_and_the_role(accounts: AccountRepository) -> None:
    assert accounts.find_membership(USER.id, PROJECT.id) == (PROJECT, "operator")


def test_who_has_no_role_on_a_project_is_no_member(accounts: AccountRepository) -> None:
    assert accounts.find_membership(USER.id, OTHER.id) is None
    assert accounts.find_membership(STRANGER.id, PROJECT.id) is None
    assert accounts.find_membership(USER.id, "") is None


def test_a_role_that_was_taken_away_is_none_at_once(accounts: AccountRepository) -> None:
    assert accounts.revoke_grant(USER.id, PROJECT.id)
    assert accounts.find_membership(USER.id, PROJECT.id) is None
