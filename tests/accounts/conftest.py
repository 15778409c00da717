"""Two isolated tenants, and the stores of counters."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from limits.storage import RedisStorage, Storage

from openfrs.core.counters import MemoryCounters
from openfrs.store.counters import FileCounters
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


@pytest.fixture(params=["memory", "file", pytest.param("redis", marks=pytest.mark.process)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "memory":
        yield MemoryCounters()
    elif request.param == "file":
        with closing(FileCounters(tmp_path / "counters.db")) as counters:
            yield counters
    else:
        storage = RedisStorage(request.getfixturevalue("redis"))
        storage.reset()
        yield storage
