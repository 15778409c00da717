"""``openfrs ready``: the health check of a container."""

import socket
import threading
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import self_signed
from tests.support.commands import refused, run
from tests.support.servers import RunningServer, fake_server_command, running

PROXY = "http://127.0.0.1:9"
"""Nothing listens there."""


def settings_of(server: RunningServer, host: str = "0.0.0.0") -> dict[str, str]:
    return {"OPENFRS_HOST": host, "OPENFRS_PORT": str(httpx.URL(server.endpoint).port)}


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost"])
def test_a_ready_server_is_found_without_the_proxy_of_the_environment(server: RunningServer, host: str) -> None:
    result = run("ready", **settings_of(server, host), http_proxy=PROXY, HTTP_PROXY=PROXY, no_proxy="")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_options_of_serve_name_the_server(server: RunningServer) -> None:
    assert run("ready", "--port", settings_of(server)["OPENFRS_PORT"], OPENFRS_PORT="1").returncode == 0


def test_a_server_with_https_is_found(tmp_path: Path) -> None:
    pair, data = self_signed(tmp_path), tmp_path / "data"
    with running(fake_server_command(data), data, environment=pair.environment) as server:
        found = run("ready", **settings_of(server), **pair.environment)
        assert (found.returncode, found.stderr) == (0, "")
        assert "no server responds" in refused(run("ready", **settings_of(server)))


def test_a_missing_server_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert refused(run("ready", "--port", str(port))).startswith(f"openfrs: no server responds on 127.0.0.1:{port}: ")


def test_a_server_that_is_not_ready_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(20)
        with_port = ["--port", str(other.getsockname()[1])]

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        line = refused(run("ready", *with_port))
        answering.join()
    assert line.endswith("is not ready: status 503")


def test_a_port_that_the_server_chooses_cannot_be_probed() -> None:
    assert "set OPENFRS_PORT" in refused(run("ready", "--port", "0"))
