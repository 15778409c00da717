"""A milvus-lite server for tests, on a free loopback port or in a network namespace."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from openfrs.core.settings import Settings
from openfrs.recognition.scale import load_scale
from openfrs.store.index.milvus.copies import IndexCopies
from openfrs.store.opening import open_database

from .network import OtherHost
from .postgresql import free_port
from .waiting import wait_until


class MilvusServer:
    """A server that can be killed and restarted."""

    def __init__(self, folder: Path, host: OtherHost | None = None) -> None:
        self._folder = folder
        self._address, self._prefix = (host.address, host.prefix) if host else ("127.0.0.1", [])
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{self._address}:{self._port}"

    def start(self) -> None:
        """Start the server and wait until it listens."""
        command = [*self._prefix, str(Path(sys.executable).with_name("milvus-lite")), "server"]
        command += ["--data-dir", str(self._folder), "--host", self._address, "--port", str(self._port)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        assert self._process.stdout is not None
        assert b"listening" in self._process.stdout.readline()

    def kill(self) -> None:
        """Kill the server, as a power failure would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def stop(self) -> None:
        """Kill the server if it is running."""
        if self._process is not None:
            self.kill()


@contextmanager
def milvus_server(folder: Path, host: OtherHost | None = None) -> Iterator[MilvusServer]:
    """Run a server until the block ends; skip the test if milvus-lite is not installed."""
    if find_spec("milvus_lite") is None or find_spec("pymilvus") is None:
        pytest.skip("milvus-lite is not installed (pip install pymilvus milvus-lite)")
    server = MilvusServer(folder, host)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def wait_until_indexed(data: Path) -> None:
    """Wait until the index of a server with this data directory is up to date."""
    database = open_database(Settings(data=data))
    wait_until(
        lambda: not IndexCopies(database).sets_behind(load_scale("sface")),
        timeout=120,
        interval=0.1,
        message="the index is up to date",
    )
    database.close()
