"""Two isolated tenants."""

import pytest

from tests.support.servers import Server
from tests.support.tenants import Tenant


@pytest.fixture(scope="session")
def tenant(server: Server) -> Tenant:
    return Tenant.new(server)


@pytest.fixture(scope="session")
def other(server: Server) -> Tenant:
    return Tenant.new(server)
