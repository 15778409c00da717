"""Connections beyond the limit of open files of a server."""

from contextlib import ExitStack
from pathlib import Path

from tests.support.raw_http import connect
from tests.support.servers import fake_server_command, running

DESCRIPTORS = 256


def test_idle_connections_leave_room_for_clients(tmp_path: Path) -> None:
    limited = ["sh", "-c", f'ulimit -n {DESCRIPTORS} && exec "$@"', "sh", *fake_server_command(tmp_path / "data")]
    with running(limited, tmp_path / "data") as server, ExitStack() as stack:
        with server.http() as client:
            for _ in range(400):
                stack.enter_context(connect(server))
            for _ in range(20):
                assert client.get(f"{server.project}/face-sets").status_code == 200
                assert server.anonymous.get("/ready").status_code == 200
        assert server.log.read_text().count("OPENFRS_CONNECTIONS") == 1
