"""Requests and errors of the last hour, of one's own project."""

import httpx

from .tenants import Tenant


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
