"""A PostgreSQL server for tests, from the Debian package: in a temporary directory, on loopback or in another network namespace."""

import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from .network import OtherHost
from .waiting import wait_until

_NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]


def _binaries() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return installed[-1].parent if installed else None


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresqlServer:
    """A server that can be stopped, killed and restarted."""

    def __init__(self, folder: Path, binaries: Path, *, durable: bool, host: OtherHost | None) -> None:
        self.folder = folder
        self._binaries = binaries
        self._as = _NOBODY if os.geteuid() == 0 else []
        self._at, self._on = (host.address, host.prefix) if host else ("127.0.0.1", [])
        self._numbers = itertools.count()
        self.port = free_port()
        self.password = secrets.token_hex(8)
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        folder.chmod(0o700)
        if self._as:
            shutil.chown(folder, "nobody", "nogroup")
        secret = folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        options = ["--username", "openfrs", "--auth", "scram-sha-256", "--pwfile", str(secret)]
        options += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        command = [*self._as, str(binaries / "initdb"), "-D", str(folder / "data"), *options]
        subprocess.run(command, check=True, capture_output=True, cwd="/")
        with (folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet scram-sha-256\n")

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        options = {
            "port": self.port,
            "listen_addresses": self._at,
            "unix_socket_directories": self.folder,
            "fsync": "on" if self._durable else "off",
            "max_connections": 200,
            "shared_buffers": "64MB",
        }
        command = [*self._on, *self._as, str(self._binaries / "postgres"), "-D", str(self.folder / "data")]
        command += [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        wait_until(self._accepts_connections, timeout=60, interval=0.05, message="PostgreSQL accepts connections")

    def _accepts_connections(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=1).close()
        except psycopg.OperationalError:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "log").read_text()
            return False
        return True

    def stop(self) -> None:
        """Stop the server without waiting for clients."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill every process of the server at once, like a power failure."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for process in (self._process.pid, *map(int, children)):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
        self._process = None

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=60)
            self._process = None

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://openfrs:{self.password}@{self._at}:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """Create a database, empty or a copy of another one, and return its URL."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name} template {template} encoding 'UTF8'")
        return self.url(name)


@contextmanager
def postgresql_server(*, durable: bool = False, host: OtherHost | None = None) -> Iterator[PostgresqlServer]:
    """Run a server until the block ends; skip the test if PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    # not below TMPDIR, which the server's user may not be allowed to enter
    with tempfile.TemporaryDirectory(prefix="openfrs-postgresql-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        server = PostgresqlServer(Path(folder), binaries, durable=durable, host=host)
        try:
            server.start()
            yield server
        finally:
            server.stop()
