"""Login attempts are limited on a running server, and counted across servers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.fake_models import photo
from tests.support.redis import redis_server
from tests.support.servers import fake_server_command, running
from tests.support.tenants import Tenant, log_in, login_body


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a Redis server."""
    with redis_server(tmp_path_factory.mktemp("redis")) as uri:
        yield uri


def test_guessing_locks_an_account_and_does_not_reveal_its_existence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data) as server:
        tenant = Tenant.new(server)
        outcomes = {}
        for user in ("admin", "nobody"):
            outcomes[user] = [log_in(server, tenant.name, user, "wrong", "main").json()["error"] for _ in range(7)]
        assert outcomes["admin"] == outcomes["nobody"]
        messages = [each["message"] for each in outcomes["admin"]]
        assert messages == ["The username or password is wrong."] * 5 + ["The account is locked."] * 2
        right = log_in(server, tenant.name, "admin", tenant.passwords["admin"], "main")
        assert right.json()["error"]["message"] == "The account is locked."
        assert server.token()  # another account at the same address


def test_a_login_flood_is_rejected_and_face_requests_are_served(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data) as server, server.http() as client:
        client.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
        client.post(f"{server.project}/face-sets/s/faces", files={"image_file": photo((200, 90, 90))})

        def guess(number: int) -> int:
            return log_in(server, "openfrs", f"user{number}", "wrong", "local").status_code

        with ThreadPoolExecutor(50) as pool:
            guesses = pool.map(guess, range(200))
            served = [
                client.post(f"{server.project}/face-sets/s/search", files={"image_file": photo((200, 90, 90))})
                for _ in range(20)
            ]
            statuses = set(guesses)
    assert {response.status_code for response in served} == {200}
    assert statuses == {401, 429}


def test_the_workers_of_a_node_share_lock_outs_and_keep_them_across_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environment = {"OPENFRS_WORKERS": "2"}
    with running(fake_server_command(data), data, environment=environment) as server:
        tenant = Tenant.new(server)
        body = login_body(tenant.name, "admin", "wrong", "main")
        messages = []
        for worker, guesses in zip(server.workers(), (3, 4), strict=True):
            with server.http_at(worker) as client:
                responses = [client.post("/v3/auth/tokens", json=body) for _ in range(guesses)]
            messages += [response.json()["error"]["message"] for response in responses]
        assert messages == ["The username or password is wrong."] * 5 + ["The account is locked."] * 2
    with running(fake_server_command(data), data, environment=environment) as server:
        response = log_in(server, tenant.name, "admin", tenant.passwords["admin"], "main")
        assert response.json()["error"]["message"] == "The account is locked."


def test_counters_are_shared_through_redis(tmp_path: Path, redis: str) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data, environment={"OPENFRS_COUNTERS": redis}) as server:
        tenant = Tenant.new(server)
        for _ in range(5):
            log_in(server, tenant.name, "admin", "wrong", "main")
    with running(fake_server_command(data), data, environment={"OPENFRS_COUNTERS": redis}) as server:
        response = log_in(server, tenant.name, "admin", tenant.passwords["admin"], "main")
        assert response.json()["error"]["message"] == "The account is locked."
