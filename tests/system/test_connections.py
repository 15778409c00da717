"""Connections beyond the limit of open files of a server."""

import ssl
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import self_signed
from tests.support.raw_http import connect
from tests.support.servers import fake_server_command, running

DESCRIPTORS = 256


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_idle_connections_leave_room_for_clients(tmp_path: Path, scheme: str) -> None:
    limited = ["sh", "-c", f'ulimit -n {DESCRIPTORS} && exec "$@"', "sh", *fake_server_command(tmp_path / "data")]
    settings = self_signed(tmp_path).environment if scheme == "https" else {}
    with running(limited, tmp_path / "data", environment=settings) as server, ExitStack() as stack:
        assert server.endpoint.startswith(f"{scheme}:")
        verify = ssl.create_default_context(cafile=settings.get("OPENFRS_TLS_CERTIFICATE"))
        with httpx.Client(base_url=server.endpoint, timeout=60, verify=verify) as client:
            login = client.post("/v3/auth/tokens", json=server.login_body())
            client.headers["X-Auth-Token"] = login.headers["X-Subject-Token"]
            for _ in range(400):
                stack.enter_context(connect(server))
            for _ in range(20):
                assert client.get(f"{server.project}/face-sets").status_code == 200
                assert httpx.get(f"{server.endpoint}/ready", timeout=60, verify=verify).status_code == 200
        assert server.log.read_text().count("OPENFRS_CONNECTIONS") == 1
