"""Requests and errors of a project in the last hour."""

import httpx
import pytest
from limits.storage import MemoryStorage

from openfrs.accounts.usage import UsageCounter
from tests.support.tenants import Tenant


class Refusing(MemoryStorage):
    """Counters that are unreachable for the given number of calls."""

    refusals = 0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError
        return super().incr(key, expiry, amount)


def requests_and_errors(usage: UsageCounter, project: str = "project") -> tuple[int, int]:
    minutes = usage.last_hour(project)
    return sum(each.requests for each in minutes), sum(each.errors for each in minutes)


def activity(tenant: Tenant, client: httpx.Client) -> tuple[int, int, int]:
    """Return the number of minutes, and the requests and errors in them."""
    response = client.get(f"{tenant.server.endpoint}/x/v1/{tenant.project_id}/activity")
    assert response.status_code == 200
    minutes = response.json()["minutes"]
    assert minutes == sorted(minutes, key=lambda minute: minute["start"])
    return len(minutes), sum(each["requests"] for each in minutes), sum(each["errors"] for each in minutes)


def test_requests_and_errors_are_counted_for_the_project_alone(tenant: Tenant, other: Tenant) -> None:
    with tenant.client("reader") as client, other.client() as other_client:
        count, requests, errors = activity(tenant, client)
        before = activity(other, other_client)
        assert count == 60
        for name in ("face-sets", "face-sets/none", "face-sets/none/faces"):
            client.get(f"{tenant.base}/{name}")
        assert activity(tenant, client) == (60, requests + 3, errors + 2)
        assert activity(other, other_client) == before


def test_forbidden_requests_count_as_errors_and_other_routes_are_not_counted(tenant: Tenant) -> None:
    with tenant.client("reader") as client:
        _, requests, errors = activity(tenant, client)
        client.delete(f"{tenant.base}/face-sets/none")
        client.get(f"{tenant.server.endpoint}/x/v1/{tenant.project_id}/models")
        client.get(f"{tenant.server.endpoint}/x/v1/{tenant.project_id}/face-sets/none/faces")
        assert activity(tenant, client) == (60, requests + 1, errors + 1)


def test_counts_that_could_not_be_written_are_written_once_later() -> None:
    counters = Refusing()
    usage = UsageCounter(counters)
    for status in (200, 404, 204):
        usage.count("project", status)
    usage.count("neighbour", 200)
    counters.refusals = 1
    with pytest.raises(ConnectionError):
        usage.flush()
    usage.count("project", 503)
    usage.flush()
    usage.flush()
    assert requests_and_errors(usage) == (4, 2)
    assert requests_and_errors(usage, "neighbour") == (1, 0)


def test_counts_of_processes_that_share_a_storage_are_summed() -> None:
    counters = MemoryStorage()
    first, second = UsageCounter(counters), UsageCounter(counters)
    first.count("project", 200)
    second.count("project", 503)
    second.flush()
    assert requests_and_errors(first) == (2, 1)


def test_errors_of_clients_and_of_the_server_are_counted_apart() -> None:
    usage = UsageCounter(MemoryStorage())
    for status in (200, 400, 429, 499, 500, 503):
        usage.count("project", status)
    now = usage.last_hour("project")[-2:]
    assert sum(each.client_errors for each in now) == 3
    assert sum(each.server_errors for each in now) == 2
