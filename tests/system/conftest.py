"""Fixtures of the tests that start servers and other programs: a server on a socket, and its clients."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.support.contract import Frs, ok
from tests.support.servers import RunningServer
from tests.support.tenants import Tenant


@pytest.fixture(scope="session")
def server(running_server: RunningServer) -> RunningServer:
    """The shared server of this process."""
    return running_server


@pytest.fixture(scope="session")
def signed_in(server: RunningServer) -> Iterator[httpx.Client]:
    """One client with one token for all tests: signing in costs a password hash."""
    with server.http() as client:
        yield client


@pytest.fixture(scope="session")
def token(signed_in: httpx.Client) -> str:
    """The token of that client."""
    return signed_in.headers["X-Auth-Token"]


@pytest.fixture
def frs(server: RunningServer, signed_in: httpx.Client) -> Iterator[Frs]:
    """A project without face sets, whose every response is checked."""
    client = Frs(signed_in, server.project)
    yield client
    for face_set in ok(client.get("/face-sets"))["face_sets_info"]:
        ok(client.delete(f"/face-sets/{quote(face_set['face_set_name'], safe='')}"))


@pytest.fixture(scope="session")
def tenant(server: RunningServer) -> Tenant:
    """A domain with one project."""
    return Tenant.new(server)


@pytest.fixture(scope="session")
def other(server: RunningServer) -> Tenant:
    """Another domain."""
    return Tenant.new(server)
