"""Two isolated tenants."""

import pytest

from tests.support.servers import Server
from tests.support.tenants import Tenant


@pytest.fixture(scope="session")
def tenant(server: Server) -> Tenant:
    tenant = Tenant.new(server)
    tenant.lift_rate_limit()
    return tenant


@pytest.fixture(scope="session")
def other(server: Server) -> Tenant:
    tenant = Tenant.new(server)
    tenant.lift_rate_limit()
    return tenant
