"""Fixtures shared by all tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from openfrs.accounts import passwords
from openfrs.core.settings import Settings
from openfrs.store.db import schema, sqlite
from openfrs.vision.weights.cache import State, WeightCache
from tests.support.in_process import InProcessServer, in_process
from tests.support.postgresql import PostgresqlServer, postgresql_server
from tests.support.schema_cache import SchemaCache
from tests.support.servers import REPOSITORY, RunningServer, fake_server_command, real_server_command, running

settings.register_profile("untimed", deadline=None)  # a slow machine does not fail a test
settings.load_profile("untimed")


PROCESS_FOLDERS: Final = frozenset({"clients", "console", "deploy", "processes", "system"})
"""Folders whose tests start servers, browsers or other programs."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these folders unread where their tests are deselected: their modules take seconds to import."""
    deselected = "not process" in config.option.markexpr
    return True if deselected and collection_path.name in PROCESS_FOLDERS else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start programs, by their folder, and put them first: short tests even out the workers at the end."""
    for item in items:
        if PROCESS_FOLDERS.intersection(item.path.parts):
            item.add_marker("process")
    items.sort(key=lambda item: item.get_closest_marker("process") is None)


@pytest.fixture(scope="session", autouse=True)
def _schema_made_once() -> Iterator[None]:
    """Run the migrations of an empty SQLite database once in a process: they take 60 ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "upgrade", SchemaCache(schema.upgrade))
        yield


@pytest.fixture(scope="session", autouse=True)
def _writes_without_sync() -> Iterator[None]:
    """Let the operating system decide when SQLite's writes of this process reach the disk: waiting takes milliseconds each."""
    fast = tuple(pragma.replace("synchronous=FULL", "synchronous=OFF") for pragma in sqlite._PRAGMAS)
    assert fast != sqlite._PRAGMAS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "_PRAGMAS", fast)
        yield


@pytest.fixture
def synchronous_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open SQLite databases as the service does, with synchronous writes."""
    pragmas = tuple(pragma.replace("synchronous=OFF", "synchronous=FULL") for pragma in sqlite._PRAGMAS)
    monkeypatch.setattr(sqlite, "_PRAGMAS", pragmas)


@pytest.fixture(scope="session", autouse=True)
def _cheap_password_hashes() -> Iterator[None]:
    """Hash passwords of services in this process with the least work: a hash of the real cost takes 30 ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def weights() -> WeightCache:
    """The required model weights of this machine, with sample photos."""
    cache = WeightCache.open(Settings().models)
    required = {name for name, weight in cache.manifest.weights.items() if weight.required}
    if any(cache.state(name) is not State.READY for name in required) or not cache.samples.is_dir():
        pytest.skip("model weights or samples are missing: run openfrs models fetch --samples")
    return cache


@pytest.fixture(scope="session")
def all_weights(weights: WeightCache) -> WeightCache:
    """All model weights of the manifest, with sample photos."""
    if set(weights.states().values()) != {State.READY}:
        pytest.skip("model weights are missing: run openfrs models fetch")
    return weights


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Labelled images, which are not part of the repository."""
    folder = Path(os.environ.get("OPENFRS_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("labelled images are missing: set OPENFRS_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """A service in this process, with fake models, shared by all tests; its log has no failure at the end."""
    with in_process(tmp_path_factory.mktemp("service") / "data") as server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on a socket, with fake models, shared by all tests; its log has no failure at the end."""
    data = tmp_path_factory.mktemp("fake") / "data"
    with running(fake_server_command(data), data) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory, weights: WeightCache) -> Iterator[RunningServer]:
    """A server on a socket, with the real models."""
    data = tmp_path_factory.mktemp("real") / "data"
    with running(real_server_command(data, weights.directory), data) as started:
        yield started


@pytest.fixture
def http(server: InProcessServer) -> Iterator[httpx.Client]:
    """A plain HTTP client with a token, on a project without face sets."""
    with server.http() as client:
        yield client
    server.delete_face_sets()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server shared by all tests, each with its own databases. It does not sync to disk."""
    with postgresql_server() as server:
        yield server
