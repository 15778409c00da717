"""The server process: start, rejected start, and shutdown."""

import json
import signal
import socket
import subprocess
import threading
from pathlib import Path

import httpx
import pytest

from openfrs.vision.weights.cache import WeightCache
from tests.support.commands import refused, run
from tests.support.fake_models import photo
from tests.support.servers import fake_server_command, real_server_command, running
from tests.support.waiting import wait_until


def test_health_and_readiness(tmp_path: Path) -> None:
    with running(fake_server_command(tmp_path / "data"), tmp_path / "data") as server:
        assert httpx.get(f"{server.endpoint}/health").json() == {"status": "ok"}
        assert httpx.get(f"{server.endpoint}/ready").json() == {"status": "ready"}


def test_a_restart_preserves_accounts_tokens_and_faces(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data) as server:
        token = server.token()
        before = (data / "credentials.json").read_bytes()
        with server.http() as client:
            client.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
            image = photo((200, 64, 64))
            (face,) = client.post(f"{server.project}/face-sets/s/faces", files={"image_file": image}).json()["faces"]
    with running(fake_server_command(data), data) as server:
        assert (data / "credentials.json").read_bytes() == before
        with httpx.Client(base_url=server.endpoint, headers={"X-Auth-Token": token}) as client:
            found = client.post(f"{server.project}/face-sets/s/search", files={"image_file": image}).json()["faces"]
    assert [(each["face_id"], each["similarity"]) for each in found] == [(face["face_id"], 1.0)]


def test_credentials_have_what_a_client_needs(tmp_path: Path) -> None:
    with running(fake_server_command(tmp_path / "data"), tmp_path / "data") as server:
        assert list(server.credentials) == [
            "endpoint",
            "domain",
            "user",
            "password",
            "project_name",
            "project_id",
            "access_key",
            "secret_key",
        ]
        assert server.credentials["endpoint"] == server.endpoint
        assert server.credentials["project_name"] == "local"


def test_credentials_of_a_server_on_all_addresses_have_a_usable_endpoint(tmp_path: Path, weights: WeightCache) -> None:
    data = tmp_path / "data"
    command = [*real_server_command(data, weights.directory), "--host", "0.0.0.0"]
    with running(command, data, environment={"OPENFRS_WORKER": "2"}) as server:
        assert server.endpoint.startswith("http://0.0.0.0:")
        assert server.credentials["endpoint"] == server.endpoint.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{server.credentials['endpoint']}/health").status_code == 200
        warnings = [line for line in server.log.read_text().splitlines() if "is not a setting" in line]
    assert [line.partition("WARNING ")[2] for line in warnings] == [
        "openfrs.cli.serve OPENFRS_WORKER is not a setting; did you mean OPENFRS_WORKERS?"
    ]


def test_an_empty_host_is_one_line(tmp_path: Path) -> None:
    line = refused(run("serve", "--data", str(tmp_path / "d"), OPENFRS_HOST=""))
    assert line == "openfrs: setting host (OPENFRS_HOST): is empty; set a value, or leave it out for the default"
    assert not (tmp_path / "d").exists()


def test_sigterm_lets_requests_finish_and_exits_with_0(tmp_path: Path) -> None:
    data, statuses = tmp_path / "data", list[int]()
    with running(fake_server_command(data), data) as server, server.http() as client:
        client.post(f"{server.project}/face-sets", json={"face_set_name": "s"})

        def add() -> None:
            while True:
                try:
                    files = {"image_file": photo((200, 64, 64), side=1500)}
                    statuses.append(client.post(f"{server.project}/face-sets/s/faces", files=files).status_code)
                except httpx.TransportError:
                    return  # the socket is closed: the server accepts no more connections

        adders = [threading.Thread(target=add) for _ in range(4)]
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


def test_a_ready_server_prints_where_to_go(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data) as server:
        assert server.process.stdout is not None
        console, document, credentials = (server.process.stdout.readline().split(":", 1)[1].strip() for _ in range(3))
        assert httpx.get(console).headers["Content-Type"].startswith("text/html")
        assert httpx.get(document).status_code == 200
    assert Path(credentials) == data / "credentials.json"


def test_a_second_process_on_the_directory_is_rejected(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data):
        line = refused(run("serve", "--data", str(data), "--port", "0"))
    assert line == f"openfrs: {data} is in use by another OpenFRS process"


def test_without_bootstrap_no_account_is_created(tmp_path: Path, weights: WeightCache) -> None:
    data = tmp_path / "data"
    command = [*real_server_command(data, weights.directory), "--no-bootstrap"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        process.terminate()
    assert " ready on " in ready
    assert not (data / "credentials.json").exists()


def test_missing_weights_are_one_line(tmp_path: Path) -> None:
    line = refused(run("serve", "--data", str(tmp_path / "d"), "--port", "0", "--models", str(tmp_path / "none")))
    assert line.endswith(f"run: openfrs models fetch --models {tmp_path / 'none'}")
    assert "is missing" in line


def test_altered_weights_are_one_line(tmp_path: Path, weights: WeightCache) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for path in weights.directory.glob("*.*"):
        (models / path.name).write_bytes(path.read_bytes())
    with (models / "sface.onnx").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"altered")
    for command in (["serve", "--data", str(tmp_path / "d"), "--port", "0"], ["models", "verify"]):
        line = refused(run(*command, "--models", str(models)))
        assert "sface" in line
        assert "is altered" in line


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refused(run("serve", "--data", str(tmp_path / "d"), "--port", str(taken.getsockname()[1])))
    assert "cannot listen on" in line


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("OPENFRS_PORT", "many", "port"),
        ("OPENFRS_WORKERS", "0", "workers"),
        ("OPENFRS_CONFIG", "/nonexistent.toml", ""),
    ],
)
def test_an_invalid_setting_is_one_line(tmp_path: Path, variable: str, value: str, named: str) -> None:
    line = refused(run("serve", "--data", str(tmp_path / "d"), **{variable: value}))
    assert line.startswith("openfrs: ")
    assert named in line


def test_a_data_path_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "d"
    file.write_text("")
    assert "cannot use" in refused(run("serve", "--data", str(file), "--port", "0"))


def test_models_are_listed_with_licence_origin_and_state(weights: WeightCache) -> None:
    listed = run("models", "list", "--models", str(weights.directory), COLUMNS="200")
    assert listed.returncode == 0
    for name, weight in weights.manifest.weights.items():
        (row,) = (line for line in listed.stdout.splitlines() if line.startswith(f"│ {name} "))
        assert weight.licence in row
        assert weight.role in row
        assert weights.state(name) in row
        assert ("origin not stated" in row) == (not weight.attributed)


def test_settings_come_from_environment_over_file(tmp_path: Path) -> None:
    config = tmp_path / "openfrs.toml"
    config.write_text('project = "from-file"\nport = 0\n')
    data = tmp_path / "data"
    environment = {"OPENFRS_CONFIG": str(config), "OPENFRS_PROJECT": "from-environment"}
    with running(fake_server_command(data), data, environment=environment) as server:
        assert server.credentials["project_name"] == "from-environment"
    assert json.loads((data / "credentials.json").read_text())["project_name"] == "from-environment"
