"""The network to the database or Milvus drops packets silently, or is slow."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.milvus import milvus_server, wait_until_indexed
from tests.support.network import OtherHost, other_host
from tests.support.node_clients import (
    Writers,
    add,
    agree_with_a_list,
    clients_of,
    receives_database_unavailable,
    search,
)
from tests.support.nodes import nodes
from tests.support.postgresql import PostgresqlServer, postgresql_server
from tests.support.servers import RunningServer, fake_server_command, running
from tests.support.waiting import pause, wait_until

AWAY_SECONDS = 30


@pytest.fixture
def host() -> Iterator[OtherHost]:
    with other_host() as host:
        yield host


@pytest.fixture
def server(host: OtherHost) -> Iterator[PostgresqlServer]:
    with postgresql_server(durable=True, host=host) as server:
        yield server


@pytest.fixture
def cluster(server: PostgresqlServer, tmp_path: Path) -> Iterator[list[RunningServer]]:
    with nodes(server.new_database(), tmp_path, 2) as cluster:
        yield cluster


def test_a_database_unreachable_for_30_seconds_loses_nothing(host: OtherHost, cluster: list[RunningServer]) -> None:
    path = f"{cluster[0].project}/face-sets/s"
    with cluster[0].http() as client:
        assert client.post(f"{cluster[0].project}/face-sets", json={"face_set_name": "s"}).status_code == 200
        with Writers(cluster, path) as writers:
            writers.wait_for(10)
            host.pull_out()
            started = time.monotonic()
            receives_database_unavailable(client, path)
            assert client.get("/health").status_code == 200
            assert client.get("/ready").status_code == 502
            count = len(writers.acknowledged)
            pause(max(0.0, started + AWAY_SECONDS - time.monotonic()))
            assert len(writers.acknowledged) == count
            host.plug_in()
            writers.wait_for(10)
        assert writers.rejected == {500}
        writers.are_found_by(client)


def test_responses_over_a_slow_network_equal_those_of_a_list(host: OtherHost, cluster: list[RunningServer]) -> None:
    host.slow_down(kilobits=512)
    with clients_of(cluster) as clients:
        agree_with_a_list(cluster[0].project, clients, steps=60)


def test_searches_run_in_memory_if_milvus_does_not_respond(host: OtherHost, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with milvus_server(tmp_path / "milvus", host) as milvus:
        settings = {"OPENFRS_INDEX": "milvus", "OPENFRS_MILVUS": milvus.url}
        with running(fake_server_command(data), data, environment=settings) as server, server.http() as client:
            path = f"{server.project}/face-sets/s"
            assert client.post(f"{server.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
            first = add(client, path, 0)
            wait_until_indexed(data)
            assert search(client, path, 0) == {first}
            host.pull_out()
            second = add(client, path, 0)
            assert search(client, path, 0) == {first, second}
            assert client.get("/ready").json()["milvus"] == "out of reach"
            host.plug_in()
            wait_until(
                lambda: "milvus" not in client.get("/ready").json(), timeout=60, interval=0.2, message="Milvus is back"
            )
            assert search(client, path, 0) == {first, second}
