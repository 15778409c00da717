"""A Milvus server for tests: milvus-lite's, on a free port of loopback or on a host of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from openfrs.core.settings import Settings
from openfrs.store.index.milvus.copies import IndexCopies
from openfrs.store.opening import open_database

from .network import OtherHost
from .postgresql import free_port


class MilvusServer:
    """A server that can be killed and started again."""

    def __init__(self, folder: Path, host: OtherHost | None = None) -> None:
        self._folder = folder
        self._at, self._on = (host.address, host.prefix) if host else ("127.0.0.1", [])
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{self._at}:{self._port}"

    def start(self) -> None:
        """Start, and wait until it listens."""
        command = [*self._on, str(Path(sys.executable).with_name("milvus-lite")), "server"]
        command += ["--data-dir", str(self._folder), "--host", self._at, "--port", str(self._port)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        assert self._process.stdout is not None
        assert b"listening" in self._process.stdout.readline()

    def kill(self) -> None:
        """Kill it, as a loss of power would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self.kill()


@contextmanager
def milvus_server(folder: Path, host: OtherHost | None = None) -> Iterator[MilvusServer]:
    """A server that stops by itself; where there is none to start, the test is skipped."""
    if find_spec("milvus_lite") is None or find_spec("pymilvus") is None:
        pytest.skip("milvus-lite is not installed (pip install pymilvus milvus-lite)")
    server = MilvusServer(folder, host)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def wait_until_indexed(data: Path) -> None:
    """Until the index of a server with this data directory is level with its face sets."""
    database = open_database(Settings(data=data))
    while IndexCopies(database).behind():
        time.sleep(0.1)
    database.close()
