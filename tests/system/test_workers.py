"""Several server processes with one data directory behave as one."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from openfrs.core.settings import Settings
from tests.support.fake_models import photo
from tests.support.servers import RunningServer, fake_server_command, running
from tests.support.waiting import wait_until

T = TypeVar("T")

WORKERS = 3
PERSON = photo((200, 64, 64), side=100)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with three processes."""
    data = tmp_path_factory.mktemp("cluster") / "data"
    with running(fake_server_command(data), data, environment={"OPENFRS_WORKERS": str(WORKERS)}) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def clients(cluster: RunningServer) -> Iterator[list[httpx.Client]]:
    """A client for each process."""
    with ExitStack() as stack:
        yield [stack.enter_context(cluster.http_at(worker)) for worker in cluster.workers()]
        for name in ("s", "raced"):
            with cluster.http() as client:
                client.delete(f"{cluster.project}/face-sets/{name}")


def together(work: list[Callable[[], T]]) -> list[T]:
    """Return the results of functions that start at the same time."""
    start = threading.Barrier(len(work))

    def begin(one: Callable[[], T]) -> T:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


def add(client: httpx.Client, path: str, image: bytes = PERSON) -> str:
    response = client.post(f"{path}/faces", files={"image_file": image})
    assert response.status_code == 200, response.text
    return str(response.json()["faces"][0]["face_id"])


def search(client: httpx.Client, path: str) -> set[str]:
    response = client.post(f"{path}/search", files={"image_file": PERSON}, data={"top_n": "1000", "threshold": "0.5"})
    assert response.status_code == 200, response.text
    return {face["face_id"] for face in response.json()["faces"]}


def test_a_write_through_one_process_is_seen_by_all(cluster: RunningServer, clients: list[httpx.Client]) -> None:
    path, there = f"{cluster.project}/face-sets/s", set[str]()
    assert len(clients) == WORKERS
    assert clients[0].post(f"{cluster.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
    for round_ in range(4):
        for writer in clients:
            face_id = add(writer, path)
            there.add(face_id)
            assert all(search(reader, path) == there for reader in clients)
            if round_ % 2:
                assert writer.delete(f"{path}/faces", params={"face_id": face_id}).status_code == 200
                there.discard(face_id)
                assert all(search(reader, path) == there for reader in clients)
    assert clients[1].delete(path).status_code == 200
    for reader in clients:
        assert reader.get(path).json()["error_code"] == "FRS.0302"
        assert reader.post(f"{path}/search", files={"image_file": PERSON}).json()["error_code"] == "FRS.0302"


def test_the_count_includes_the_writes_of_all_processes(cluster: RunningServer, clients: list[httpx.Client]) -> None:
    path = f"{cluster.project}/face-sets/s"
    assert clients[0].post(f"{cluster.project}/face-sets", json={"face_set_name": "s"}).status_code == 200

    def writer(client: httpx.Client) -> Callable[[], set[str]]:
        def work() -> set[str]:
            kept = set[str]()
            for place in range(15):
                face_id = add(client, path)
                if place % 3:
                    kept.add(face_id)
                else:
                    assert client.delete(f"{path}/faces", params={"face_id": face_id}).status_code == 200
            return kept

        return work

    kept = set[str]().union(*together([writer(client) for client in clients]))
    assert clients[2].get(path).json()["face_set_info"]["face_number"] == len(kept) == WORKERS * 10
    assert all(search(reader, path) == kept for reader in clients)


def test_one_of_several_creators_and_deleters_wins(cluster: RunningServer, clients: list[httpx.Client]) -> None:
    sets, path = f"{cluster.project}/face-sets", f"{cluster.project}/face-sets/raced"
    for _ in range(5):
        made = together([partial(client.post, sets, json={"face_set_name": "raced"}) for client in clients])
        assert sorted(response.status_code for response in made) == [200, 400, 400]
        assert {response.json().get("error_code") for response in made} == {None, "FRS.0301"}
        gone = together([partial(client.delete, path) for client in clients])
        assert sorted(response.status_code for response in gone) == [200, 400, 400]
        assert {response.json().get("error_code") for response in gone} == {None, "FRS.0302"}


def test_an_add_to_a_set_that_another_process_deletes_finishes_or_finds_no_set(
    cluster: RunningServer, clients: list[httpx.Client]
) -> None:
    sets, path = f"{cluster.project}/face-sets", f"{cluster.project}/face-sets/raced"
    for round_ in range(6):
        assert clients[0].post(sets, json={"face_set_name": "raced"}).status_code == 200
        deleter, *adders = clients[round_ % 3 :] + clients[: round_ % 3]
        adding = [partial(client.post, f"{path}/faces", files={"image_file": PERSON}) for client in adders]
        responses = together([partial(deleter.delete, path), *adding])
        assert responses[0].status_code == 200
        assert {response.json().get("error_code") for response in responses} <= {None, "FRS.0302"}
        assert all(client.get(path).json()["error_code"] == "FRS.0302" for client in clients)
        assert clients[1].post(sets, json={"face_set_name": "raced"}).status_code == 200
        assert all(search(client, path) == set() for client in clients)
        assert clients[2].delete(path).status_code == 200


def test_a_killed_process_is_replaced_and_the_others_continue(cluster: RunningServer) -> None:
    path = f"{cluster.project}/face-sets/s"
    before = cluster.workers()
    with cluster.http() as client:
        assert client.post(f"{cluster.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
    with cluster.http_at(before[1]) as survivor:
        face_id = add(survivor, path)
        subprocess.run(["kill", "-9", str(before[0])], check=True)
        there = {face_id, add(survivor, path)}
        wait_until(lambda: len(cluster.workers()) == WORKERS and before[0] not in cluster.workers())
        now = cluster.workers()
    assert re.search(
        rf"^\d{{4}}-\d\d-\d\d .* ERROR openfrs.supervisor process {before[0]} exited", cluster.log.read_text(), re.M
    )
    (fresh,) = set(now) - set(before)
    assert set(before[1:]) < set(now)
    with cluster.http_at(fresh) as client:
        assert search(client, path) == there
        client.delete(path)


def test_every_line_of_parent_and_workers_is_json_if_the_log_is(tmp_path: Path) -> None:
    data, environment = tmp_path / "data", {"OPENFRS_WORKERS": "2", "OPENFRS_LOG_FORMAT": "json"}
    with running(fake_server_command(data), data, environment=environment) as server:
        killed = server.workers()[0]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: f"process {killed} exited" in server.log.read_text())
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (line,) = [line for line in lines if line["logger"] == "openfrs.supervisor"]
    assert line["level"] == "ERROR"
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


def test_sigterm_lets_every_process_finish_and_exits_with_0(tmp_path: Path) -> None:
    data, statuses = tmp_path / "data", list[int]()
    with running(fake_server_command(data), data, environment={"OPENFRS_WORKERS": "2"}) as server:
        with server.http() as client:
            client.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
            token = client.headers["X-Auth-Token"]

        def adding() -> None:
            with httpx.Client(base_url=server.endpoint, headers={"X-Auth-Token": token}, timeout=60) as client:
                try:
                    while True:
                        files = {"image_file": photo((200, 64, 64), side=800)}
                        response = client.post(f"{server.project}/face-sets/s/faces", files=files)
                        statuses.append(response.status_code)
                except httpx.TransportError:
                    return  # the server has closed its socket

        adders = [threading.Thread(target=adding) for _ in range(4)]
        for adder in adders:
            adder.start()
        wait_until(lambda: len(statuses) >= 8, timeout=60, interval=0.01, message="eight faces are enrolled")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
        for adder in adders:
            adder.join()
    assert set(statuses) == {200}
    with running(fake_server_command(data), data) as server, server.http() as client:
        info = client.get(f"{server.project}/face-sets/s").json()["face_set_info"]
    assert info["face_number"] >= len(statuses)


def test_workers_exit_and_release_the_directory_if_the_parent_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data, environment={"OPENFRS_WORKERS": "2"}) as server:
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{worker}/fd/0").exists() for worker in workers))
    with running(fake_server_command(data), data) as server:
        assert httpx.get(f"{server.endpoint}/ready").status_code == 200


def test_a_failure_to_load_models_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "openfrs", "serve", "--data", str(tmp_path / "d"), "--port", "0"]
    command += ["--workers", "2", "--models", str(tmp_path / "none")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.endswith(f"run: openfrs models fetch --models {tmp_path / 'none'}")
    assert " ready on " not in result.stdout


def test_processes_share_the_cores() -> None:
    alone = Settings(_env_file=None).threads
    assert Settings(workers=1).threads == alone
    assert Settings(workers=2 * alone).threads == 1
    assert Settings(workers=4, threads=3).threads == 3
