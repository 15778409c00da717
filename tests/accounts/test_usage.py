"""Requests and errors of the last hour, of one's own project."""

import httpx
import pytest
from limits.storage import MemoryStorage

from openfrs.accounts.usage import UsageCounter
from tests.support.tenants import Tenant


class Refusing(MemoryStorage):
    """Counters that cannot be reached for so many questions."""

    refusals = 0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError
        return super().incr(key, expiry, amount)


def requests_and_errors(told: UsageCounter, project: str = "project") -> tuple[int, int]:
    minutes = told.last_hour(project)
    return sum(each.requests for each in minutes), sum(each.errors for each in minutes)


def activity(tenant: Tenant, client: httpx.Client) -> tuple[int, int, int]:
    """Minutes told, requests and errors in them."""
    answer = client.get(f"{tenant.server.endpoint}/x/v1/{tenant.project_id}/activity")
    assert answer.status_code == 200
    minutes = answer.json()["minutes"]
    assert minutes == sorted(minutes, key=lambda minute: minute["start"])
    return len(minutes), sum(each["requests"] for each in minutes), sum(each["errors"] for each in minutes)


def test_requests_and_errors_are_counted_for_the_project_alone(tenant: Tenant, other: Tenant) -> None:
    with tenant.client("reader") as client, other.client() as theirs:
        count, requests, errors = activity(tenant, client)
        before = activity(other, theirs)
        assert count == 60
        for name in ("face-sets", "face-sets/none", "face-sets/none/faces"):
            client.get(f"{tenant.base}/{name}")
        assert activity(tenant, client) == (60, requests + 3, errors + 2)
        assert activity(other, theirs) == before


def test_what_a_role_does_not_allow_is_an_error_and_what_is_not_frs_is_not_counted(tenant: Tenant) -> None:
    with tenant.client("reader") as client:
        _, requests, errors = activity(tenant, client)
        client.delete(f"{tenant.base}/face-sets/none")
        client.get(f"{tenant.server.endpoint}/x/v1/{tenant.project_id}/models")
        client.get(f"{tenant.server.endpoint}/x/v1/{tenant.project_id}/face-sets/none/faces")
        assert activity(tenant, client) == (60, requests + 1, errors + 1)


def test_what_the_counters_do_not_take_is_counted_later_and_once() -> None:
    counters = Refusing()
    told = UsageCounter(counters)
    for failed in (False, True, False):
        told.count("project", failed=failed)
    told.count("neighbour", failed=False)
    counters.refusals = 1
    with pytest.raises(ConnectionError):
        told.flush()
    told.count("project", failed=True)
    told.flush()
    told.flush()
    assert requests_and_errors(told) == (4, 2)
    assert requests_and_errors(told, "neighbour") == (1, 0)


def test_processes_that_share_counters_are_told_together() -> None:
    counters = MemoryStorage()
    one, other = UsageCounter(counters), UsageCounter(counters)
    one.count("project", failed=False)
    other.count("project", failed=True)
    other.flush()
    assert requests_and_errors(one) == (2, 1)
