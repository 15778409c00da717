"""The queries of accounts that every request runs."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from openfrs.store.accounts import AccountRepository, Domain, Grant, Project, User
from tests.support.databases import DatabaseLocation, open_database

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
DOMAIN = Domain("d" * 32, "domain")
USER, STRANGER = User("u" * 32, "user", DOMAIN, "hash"), User("s" * 32, "stranger", DOMAIN, "hash")
PROJECT = Project("p" * 32, "project", DOMAIN, NOW, limits={"qps": 7})
OTHER = Project("o" * 32, "other", DOMAIN, NOW)


@pytest.fixture
def accounts(location: DatabaseLocation) -> Iterator[AccountRepository]:
    """Two users and two projects; one user has a role on one project."""
    database = open_database(location)
    accounts = AccountRepository(database)
    accounts.create(
        domains=[DOMAIN],
        users=[USER, STRANGER],
        projects=[PROJECT, OTHER],
        grants=[Grant(USER.id, PROJECT.id, "operator")],
    )
    yield accounts
    database.close()


def test_find_token_user_returns_the_user(accounts: AccountRepository) -> None:
    assert accounts.find_token_user(USER.id, ["token"]) == accounts.find_user(USER.id) == USER
    assert accounts.find_token_user("nobody", ["token"]) is None


def test_revoking_a_token_leaves_other_tokens_of_the_user_valid(accounts: AccountRepository) -> None:
    accounts.revoke_token("token", LATER, NOW)
    assert accounts.find_token_user(USER.id, ["token"]) is None
    assert accounts.find_token_user(USER.id, ["another"]) == USER
    assert accounts.find_token_user(USER.id, ["another", "token"]) is None


def test_find_token_user_returns_the_current_state(accounts: AccountRepository) -> None:
    accounts.update_user(USER.id, enabled=False)
    bearer = accounts.find_token_user(USER.id, ["token"])
    assert bearer is not None
    assert (bearer.enabled, bearer.credentials_version) == (False, 1)


def test_find_membership_returns_project_and_role(accounts: AccountRepository) -> None:
    assert accounts.find_membership(USER.id, PROJECT.id) == (PROJECT, "operator")


def test_a_user_without_a_role_has_no_membership(accounts: AccountRepository) -> None:
    assert accounts.find_membership(USER.id, OTHER.id) is None
    assert accounts.find_membership(STRANGER.id, PROJECT.id) is None
    assert accounts.find_membership(USER.id, "") is None


def test_revoking_a_grant_takes_effect_at_once(accounts: AccountRepository) -> None:
    assert accounts.revoke_grant(USER.id, PROJECT.id)
    assert accounts.find_membership(USER.id, PROJECT.id) is None
