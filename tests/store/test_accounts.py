"""The queries of accounts that every request runs."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from openfrs.store.accounts import AccountRepository, Domain, Grant, LastHolderError, Project, User, UserMissingError
from openfrs.store.credentials import AccessKey
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
    accounts.revoke_token("token", LATER)
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


def test_the_last_holder_of_a_role_cannot_lose_it(accounts: AccountRepository) -> None:
    kept = [Grant(USER.id, PROJECT.id, "operator")]
    for change in (
        lambda: accounts.set_grant(Grant(USER.id, PROJECT.id, "reader"), keeping=kept),
        lambda: accounts.revoke_grant(USER.id, PROJECT.id, keeping=kept),
        lambda: accounts.update_user(USER.id, enabled=False, keeping=kept),
    ):
        with pytest.raises(LastHolderError):
            change()
    accounts.set_grant(Grant(STRANGER.id, PROJECT.id, "operator"))
    accounts.set_grant(Grant(USER.id, PROJECT.id, "reader"), keeping=kept)
    with pytest.raises(LastHolderError):
        accounts.update_user(STRANGER.id, enabled=False, keeping=[Grant(STRANGER.id, PROJECT.id, "operator")])


def test_one_of_two_holders_who_remove_each_other_at_the_same_time_stays(accounts: AccountRepository) -> None:
    holders = [Grant(USER.id, PROJECT.id, "operator"), Grant(STRANGER.id, PROJECT.id, "operator")]
    accounts.set_grant(holders[1])
    start = threading.Barrier(2)

    def remove(grant: Grant) -> bool:
        start.wait()
        try:
            return accounts.revoke_grant(grant.user_id, grant.project_id, keeping=[grant])
        except LastHolderError:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, holders)) == [False, True]
    assert len(accounts.list_grants(project_id=PROJECT.id)) == 1


def test_a_user_without_a_role_belongs_to_the_project_of_the_last_one(accounts: AccountRepository) -> None:
    assert accounts.revoke_grant(USER.id, PROJECT.id)
    user = accounts.find_user(USER.id)
    assert user is not None
    assert user.home_project_id == PROJECT.id


def test_a_revocation_is_kept_until_its_token_has_expired(accounts: AccountRepository) -> None:
    accounts.revoke_token("token", LATER)
    accounts.delete_expired_revocations(LATER)
    assert accounts.find_token_user(USER.id, ["token"]) is None
    accounts.delete_expired_revocations(LATER + timedelta(seconds=1))
    assert accounts.find_token_user(USER.id, ["token"]) == USER


def test_a_deleted_user_leaves_no_role_key_or_token(accounts: AccountRepository) -> None:
    accounts.create(keys=[AccessKey("k" * 20, USER.id, b"secret", NOW)])
    accounts.delete_user(USER.id)
    assert accounts.find_token_user(USER.id, ["token"]) is None
    assert accounts.find_access_key("k" * 20) is None
    assert accounts.list_grants(user_id=USER.id) == []
    with pytest.raises(UserMissingError):
        accounts.set_grant(Grant(USER.id, PROJECT.id, "reader"))


def test_the_last_holder_of_a_role_is_not_deleted(accounts: AccountRepository) -> None:
    with pytest.raises(LastHolderError):
        accounts.delete_user(USER.id, keeping=[Grant(USER.id, PROJECT.id, "operator")])
    assert accounts.find_user(USER.id) == USER


def test_a_password_for_one_use_is_marked_until_it_is_changed(accounts: AccountRepository) -> None:
    for expected in (True, False):
        accounts.update_user(USER.id, password_hash="hash", must_change_password=expected)
        user = accounts.find_token_user(USER.id, ["token"])
        assert user is not None
        assert user.must_change_password is expected
