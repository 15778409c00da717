"""Limits on failed logins, rates and concurrent requests."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from limits.storage import Storage

from openfrs.accounts import throttle as throttling
from openfrs.accounts.quotas import ProjectLimits, Quotas
from openfrs.accounts.throttle import Throttle
from openfrs.core.counters import MemoryCounters
from openfrs.core.errors import ServiceError
from openfrs.core.settings import Settings
from openfrs.store import counters as file_counters
from openfrs.store.counters import FileCounters
from tests.support.servers import Server
from tests.support.tenants import Tenant, accounts


def refused(throttle: Throttle, account: str, address: str) -> str:
    try:
        throttle.check_login(account, address)
    except ServiceError as error:
        return f"{error.entry.key} {error.message}"
    return ""


LOCKED = "IAM.401 The account is locked."


def test_failures_from_an_address_lock_the_account_for_it(storage: Storage) -> None:
    throttle = Throttle(storage)
    for _ in range(5):
        assert refused(throttle, "a", "1") == ""
        throttle.record_failure("a", "1")
    assert refused(throttle, "a", "1") == LOCKED
    assert refused(throttle, "a", "2") == ""
    assert refused(throttle, "b", "1") == ""


def test_failures_from_many_addresses_lock_the_account_except_for_known_addresses(storage: Storage) -> None:
    throttle = Throttle(storage)
    throttle.record_success("a", "home")
    for number in range(50):
        throttle.record_failure("a", str(number))
    assert refused(throttle, "a", "new") == LOCKED
    assert refused(throttle, "a", "home") == ""
    assert refused(throttle, "b", "new") == ""


def test_failures_for_many_accounts_lock_the_address_only(storage: Storage) -> None:
    throttle = Throttle(storage)
    throttle.record_success("neighbour", "office")
    for number in range(60):
        throttle.record_failure(str(number), "office")
    assert refused(throttle, "another", "office").startswith("IAM.429")
    assert refused(throttle, "neighbour", "office") == ""
    assert refused(throttle, "another", "elsewhere") == ""


def test_an_ipv6_network_counts_as_one_address(storage: Storage) -> None:
    throttle = Throttle(storage)
    for number in range(5):
        throttle.record_failure("a", f"2001:db8::{number}")
    assert refused(throttle, "a", "2001:db8::ffff") == LOCKED
    assert refused(throttle, "a", "2001:db8:0:1::1") == ""
    assert refused(throttle, "a", "::ffff:10.0.0.1") == ""
    for _ in range(5):
        throttle.record_failure("a", "10.0.0.1")
    assert refused(throttle, "a", "::ffff:10.0.0.1") == LOCKED


def test_a_successful_login_resets_the_failures(storage: Storage) -> None:
    throttle = Throttle(storage)
    for _ in range(4):
        throttle.record_failure("a", "1")
    throttle.record_success("a", "1")
    for _ in range(4):
        throttle.record_failure("a", "1")
    assert refused(throttle, "a", "1") == ""


@pytest.mark.parametrize("step", [-86_400, 86_400])
def test_a_lock_lasts_a_quarter_of_an_hour_whatever_the_clock_does(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(MemoryCounters, "now", lambda _: seconds[0])
    monkeypatch.setattr(file_counters, "_running_seconds", lambda: seconds[0])
    with closing(FileCounters(tmp_path / "counters.db")) as file:
        for storage in (MemoryCounters(), file):
            throttle, start = Throttle(storage), seconds[0]
            for _ in range(5):
                throttle.record_failure("a", "1")
            now = time.time()
            with monkeypatch.context() as patch:
                patch.setattr("time.time", lambda now=now: now + step)
                seconds[0] = start + 15 * 60 - 1
                assert refused(throttle, "a", "1") == LOCKED
                seconds[0] = start + 15 * 60
                assert refused(throttle, "a", "1") == ""


@pytest.mark.parametrize("step", [-86_400, 86_400])
def test_a_rate_limit_survives_a_step_of_the_clock(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    monkeypatch.setattr(MemoryCounters, "now", lambda _: seconds[0])
    quotas, now = Quotas(MemoryCounters()), time.time()
    for _ in range(3):
        quotas.count_request("p", "search", LIMITS)
    monkeypatch.setattr("time.time", lambda: now + step)
    with pytest.raises(ServiceError, match=r"FRS\.0033") as refusal:
        quotas.count_request("p", "search", LIMITS)
    assert refusal.value.headers["Retry-After"] == "1"
    seconds[0] = 1.0
    quotas.count_request("p", "search", LIMITS)


def test_a_lock_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    throttle = Throttle(MemoryCounters())
    for _ in range(5):
        throttle.record_failure("a", "1")
    assert refused(throttle, "a", "1") == LOCKED
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + 15 * 60 + 1)
    assert refused(throttle, "a", "1") == ""


def test_unknown_keys_are_counted_by_address(storage: Storage) -> None:
    throttle = Throttle(storage)
    responses = [
        throttle.unknown_key_error("AK", "1").message for _ in range(throttling.UNKNOWN_KEYS_OF_AN_ADDRESS.amount + 1)
    ]
    assert "ak not exist" in responses[0]
    assert "ak not exist" in responses[-2]
    assert "failed to reach the limit" in responses[-1]
    assert "ak not exist" in throttle.unknown_key_error("AK", "2").message


LIMITS = ProjectLimits.from_settings(Settings()).override({"rate": 3, "burst": 1, "concurrent": 2})


def test_rates_are_counted_by_project_and_operation(storage: Storage) -> None:
    first, second = Quotas(storage), Quotas(storage)
    for quotas in (first, second, first):
        quotas.count_request("p", "search", LIMITS)
    with pytest.raises(ServiceError, match=r"FRS\.0033") as refusal:
        second.count_request("p", "search", LIMITS)
    assert refusal.value.headers == {
        "Retry-After": "1",
        "X-ratelimit": "3",
        "X-ratelimit-used": "0",
        "X-ratelimit-window": "1 second",
    }
    second.count_request("p", "add", LIMITS)
    second.count_request("q", "search", LIMITS)
    for _ in range(100):
        second.count_request("p", "search", LIMITS.override({"rate": 0}))


def test_concurrent_requests_are_limited_and_released() -> None:
    quotas = Quotas(MemoryCounters())
    with quotas.concurrent_request("p", LIMITS), quotas.concurrent_request("p", LIMITS):
        with pytest.raises(ServiceError, match=r"FRS\.0033"), quotas.concurrent_request("p", LIMITS):
            raise AssertionError
        with quotas.concurrent_request("q", LIMITS):
            pass
    with quotas.concurrent_request("p", LIMITS):
        pass


def test_a_project_over_its_rate_limit_gets_429_and_others_do_not(tenant: Tenant, other: Tenant) -> None:
    accounts(tenant.server, "limit", tenant.name, "main", "rate=2", "burst=1")
    try:
        with tenant.client() as client, other.client() as other_client:
            responses = [client.get(f"{tenant.base}/face-sets") for _ in range(10)]
            assert other_client.get(f"{other.base}/face-sets").status_code == 200
            statuses = [response.status_code for response in responses]
            assert statuses.count(200) >= 2
            last = next(response for response in responses if response.status_code == 429)
            assert last.json()["error_code"] == "FRS.0033"
            assert int(last.headers["Retry-After"]) >= 1
            assert last.headers["X-ratelimit"] == "2"
            assert client.get(f"{tenant.base}/face-sets/x").status_code == 400  # another operation
    finally:
        tenant.lift_rate_limit()


def test_a_project_has_its_own_number_and_size_of_face_sets(server: Server) -> None:
    tenant = Tenant.new(server)
    accounts(server, "limit", tenant.name, "main", "max_face_sets=1", "max_face_set_capacity=20000")
    with tenant.client() as client:
        sets = f"{tenant.base}/face-sets"
        for body, code in (
            ({"face_set_name": "big", "face_set_capacity": 30_000}, "FRS.0012"),
            ({"face_set_name": "one"}, ""),
            ({"face_set_name": "two"}, "FRS.0012"),
        ):
            assert client.post(sets, json=body).json().get("error_code", "") == code
        assert client.get(f"{sets}/one").json()["face_set_info"]["face_set_capacity"] == 20_000
        address = f"{server.endpoint}/v1/{tenant.project_id}/subscribe"
        assert client.get(address).json()["max_face_set_number"] == 1


def test_subscribe_names_every_service(tenant: Tenant) -> None:
    with tenant.client() as client:
        path = f"{tenant.server.endpoint}/v1/{tenant.project_id}/subscribe"
        response = client.get(path).json()
        assert client.post(path).json() == response  # both methods occur in SDKs
    assert response.pop("max_face_set_number") == 10
    assert response.keys() == {"detect_service", "compare_service", "live_detect_service", "search_service"}
    for service in response.values():
        assert service["subscribe_status"] is True
        assert time.strptime(service["create_time"], "%Y-%m-%d %H:%M:%S")


def test_login_of_an_unknown_user_takes_as_much_work(tenant: Tenant) -> None:
    """Checked without timing: the dummy hash has the same parameters as real ones."""
    from openfrs.accounts import passwords

    parameters = passwords.hash_password("x").rpartition("$")[0].rpartition("$")[0]
    assert passwords._dummy_hash().startswith(parameters + "$")
    assert tenant.server.anonymous.get("/health").status_code == 200
