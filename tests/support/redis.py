"""A Redis server of a test's own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from limits.storage import RedisStorage

from .waiting import wait_until


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Start Redis without persistence and yield its URI; skip the test where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            uri = f"redis://127.0.0.1:{port}"
            wait_until(RedisStorage(uri).check, timeout=10, message="Redis answers")
            yield uri
        finally:
            process.terminate()
