"""A server and its vision processes: crashes, disconnected clients, and the end of the server."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.descendants import descendants, vision_processes
from tests.support.fake_models import photo
from tests.support.servers import RunningServer, fake_server_command, running
from tests.support.waiting import wait_until

PERSON = photo((200, 64, 64), side=100)
TWO_PROCESSES = {"OPENFRS_THREADS": "2"}


class SlowServer:
    """A server whose requests for attributes take until they are released."""

    def __init__(self, server: RunningServer, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def has(self, event: str) -> bool:
        return (self.folder / event).exists()

    def describe(self, client: httpx.Client) -> httpx.Response:
        files, data = {"image_file": PERSON}, {"attributes": "2"}
        return client.post(f"{self.server.project}/face-detect", files=files, data=data)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[SlowServer]:
    folder = tmp_path / "events"
    folder.mkdir()
    command = [sys.executable, "-m", "tests.support.slow_models", str(tmp_path / "data"), str(folder)]
    with running(command, tmp_path / "data", environment=TWO_PROCESSES) as server:
        yield SlowServer(server, folder)


def detect(client: httpx.Client, server: RunningServer) -> httpx.Response:
    return client.post(f"{server.project}/face-detect", files={"image_file": PERSON})


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_killed_vision_process_loses_its_requests_only(slow: SlowServer) -> None:
    server, responses = slow.server, list[httpx.Response]()
    wait_until(lambda: len(vision_processes(server.process.pid)) == 2)
    before = vision_processes(server.process.pid)
    with server.http() as client:
        losing = threading.Thread(target=lambda: responses.append(slow.describe(client)))
        losing.start()
        wait_until(lambda: slow.has("started"))
        worker = max(before, key=processor_time)
        os.kill(worker, signal.SIGKILL)
        losing.join()
        assert [detect(client, server).status_code for _ in range(5)] == [200] * 5
        wait_until(lambda: len(vision_processes(server.process.pid)) == 2)
        assert worker not in vision_processes(server.process.pid)
        assert client.get("/ready").status_code == 200
    (lost,) = responses
    assert (lost.status_code, lost.json()["error_code"]) == (503, "FRS.0018")
    assert lost.headers["Retry-After"].isdigit()
    assert f"vision process {worker} is replaced" in server.log.read_text()


def processor_time(pid: int) -> int:
    """Return the clock ticks that a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_work_for_a_client_that_leaves_stops(slow: SlowServer) -> None:
    server = slow.server
    part = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    body = part % (b"attributes", b"", b"2") + part % (b"image_file", b'; filename="p"', PERSON) + b"--b--\r\n"
    head = (
        f"POST {server.project}/face-detect HTTP/1.1\r\nHost: here\r\nX-Auth-Token: {server.token()}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    host, port = server.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(head.encode() + body)
        wait_until(lambda: slow.has("started"))
        assert not slow.has("ended")
    wait_until(lambda: slow.has("ended"))
    wait_until(lambda: "/face-detect 499" in server.log.read_text())
    assert "Traceback" not in server.log.read_text()


def test_a_request_in_progress_is_served_before_the_server_stops(slow: SlowServer) -> None:
    responses = list[httpx.Response]()
    with slow.server.http() as client:
        last = threading.Thread(target=lambda: responses.append(slow.describe(client)))
        last.start()
        wait_until(lambda: slow.has("started"))
        slow.server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Shutting down" in slow.server.log.read_text())
        (slow.folder / "end").touch()
        last.join()
    assert [response.status_code for response in responses] == [200]
    assert slow.server.process.wait(timeout=30) == 0


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("workers", [1, 2])
def test_no_process_outlives_a_server(tmp_path: Path, stop: signal.Signals, workers: int) -> None:
    data = tmp_path / "data"
    environment = {"OPENFRS_WORKERS": str(workers), "OPENFRS_THREADS": "1"}
    with running(fake_server_command(data), data, environment=environment) as server, server.http() as client:
        detect(client, server).raise_for_status()
        others = descendants(server.process.pid)
        assert len(others) >= 3 * workers
        server.process.send_signal(stop)
        server.process.wait(timeout=30)
        wait_until(lambda: not any(exists(pid) for pid in others))


def test_work_goes_on_when_the_fork_server_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data, environment={"OPENFRS_THREADS": "1"}) as server:
        (vision,) = vision_processes(server.process.pid)
        with server.http() as client:
            os.kill(parent(vision), signal.SIGKILL)
            assert detect(client, server).status_code == 200
            os.kill(vision, signal.SIGKILL)
            wait_until(lambda: not exists(vision))
            assert detect(client, server).status_code == 200


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
