"""Two organisations that know nothing of each other."""

import pytest

from tests.support.servers import RunningServer
from tests.support.tenants import Tenant


@pytest.fixture(scope="session")
def tenant(server: RunningServer) -> Tenant:
    return Tenant.new(server)


@pytest.fixture(scope="session")
def other(server: RunningServer) -> Tenant:
    return Tenant.new(server)
