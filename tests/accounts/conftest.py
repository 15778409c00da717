"""Two isolated tenants, and the stores of counters."""

from collections.abc import Iterator

import pytest
from limits.storage import MemoryStorage, RedisStorage, Storage

from tests.support.redis import redis_server
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


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a Redis server."""
    with redis_server(tmp_path_factory.mktemp("redis")) as uri:
        yield uri


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.process)])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        return MemoryStorage()
    storage = RedisStorage(request.getfixturevalue("redis"))
    storage.reset()
    return storage
