"""Several nodes over one PostgreSQL database behave as one, also when nodes or the database are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.node_clients import Writers, agree_with_a_list, clients_of, receives_database_unavailable
from tests.support.nodes import node, node_environment, nodes
from tests.support.postgresql import PostgresqlServer, postgresql_server
from tests.support.servers import REPOSITORY, RunningServer
from tests.support.waiting import pause

NODES = 3


@pytest.fixture(scope="module")
def url(postgresql: PostgresqlServer) -> str:
    return postgresql.new_database()


@pytest.fixture(scope="module")
def cluster(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningServer]]:
    with nodes(url, tmp_path_factory.mktemp("nodes"), NODES) as started:
        yield started


@pytest.fixture
def clients(cluster: list[RunningServer]) -> Iterator[list[httpx.Client]]:
    with clients_of(cluster) as clients:
        yield clients


def test_responses_behind_a_random_balancer_equal_those_of_a_list(
    cluster: list[RunningServer], clients: list[httpx.Client]
) -> None:
    agree_with_a_list(cluster[0].project, clients, steps=150)


def test_nodes_share_accounts_keys_and_tokens(cluster: list[RunningServer], clients: list[httpx.Client]) -> None:
    for each in cluster:
        assert each.sdk()  # signs with a key that the first node made
        assert httpx.get(f"{each.endpoint}{each.project}/face-sets").status_code == 401
    token = cluster[1].token()
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    assert clients[2].get(f"{cluster[0].project}/face-sets", headers=headers).status_code == 200
    assert clients[0].delete("/v3/auth/tokens", headers=headers).status_code == 204
    ended = clients[2].get(f"{cluster[0].project}/face-sets", headers=headers)
    assert ended.json()["error_code"] == "FRS.0002"
    files = {file.name for each in cluster for file in each.data.iterdir() if not file.name.startswith("counters.db")}
    assert files == {"lock", "credentials.json"}
    assert [(each.data / "credentials.json").exists() for each in cluster] == [True, False, False]


def test_the_audit_log_is_searched_on_any_node(cluster: list[RunningServer], clients: list[httpx.Client]) -> None:
    project = cluster[0].credentials["project_id"]
    request_ids = [client.delete(f"{cluster[0].project}/face-sets/none").headers["X-Request-Id"] for client in clients]
    for client in clients:
        for request_id in request_ids:
            until = time.monotonic() + 30
            while True:
                response = client.get(f"/x/v1/accounts/{project}/audit", params={"text": request_id})
                assert response.status_code == 200, response.text
                found = [entry for entry in response.json()["entries"] if entry["request_id"] == request_id]
                if found or time.monotonic() > until:
                    break
            (entry,) = found
            assert entry["target"].endswith("/face-sets/none")


def test_commands_work_on_the_shared_database(cluster: list[RunningServer], url: str, tmp_path: Path) -> None:
    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "openfrs", *words, "--data", str(tmp_path / "data")]
        environment = {**os.environ, **node_environment(url)}
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY, check=False)

    assert cluster[0].credentials["access_key"] in run("accounts", "list").stdout
    findings = run("doctor").stdout
    assert "ok      database:" in findings
    assert "ok      keys:" in findings
    assert "failed  durability: fsync" in findings, "the tests' server runs without fsync for speed"
    for words in (("backup", str(tmp_path / "b")), ("restore", str(tmp_path / "b"))):
        refused = run(*words)
        assert refused.returncode == 1
        assert "pg_" in refused.stderr
    refused = run("templates", "rotate-project-keys")
    assert "stop them first" in refused.stderr
    password = url.split(":")[2].partition("@")[0]
    assert password not in run("config", "show").stdout


def test_a_shared_database_requires_a_master_key(url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.fake_models", str(tmp_path / "data")]
    environment = {**os.environ, "OPENFRS_DATABASE": url}
    refused = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY, check=False)
    assert "set OPENFRS_MASTER_KEY_FILE" in refused.stderr


# httpcore leaves a socket open if the peer is killed between connecting and setting the socket's options
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_acknowledged_writes_survive_any_kill(tmp_path: Path) -> None:
    with postgresql_server(durable=True) as server, ExitStack() as stack:
        url = server.new_database()
        cluster = stack.enter_context(nodes(url, tmp_path, 2))
        path = f"{cluster[0].project}/face-sets/s"
        with cluster[0].http() as client:
            assert client.post(f"{cluster[0].project}/face-sets", json={"face_set_name": "s"}).status_code == 200
        with Writers(cluster, path) as writers:
            writers.wait_for(10)
            server.kill()
            pause(1)  # nothing can be acknowledged now
            count = len(writers.acknowledged)
            headers = {"X-Auth-Token": writers.token}
            with httpx.Client(base_url=cluster[1].endpoint, headers=headers, timeout=60) as client:
                receives_database_unavailable(client, path)
                assert client.post("/v3/auth/tokens", json=cluster[1].login_body()).status_code == 503
            assert len(writers.acknowledged) == count
            server.start()
            writers.wait_for(10)
            cluster[0].process.send_signal(signal.SIGKILL)
            writers.wait_for(10)
        assert writers.rejected == {500}
        stack.enter_context(node(url, tmp_path / "fresh", cluster[0].credentials))
        with httpx.Client(base_url=cluster[1].endpoint, headers=headers, timeout=60) as client:
            writers.are_found_by(client)
