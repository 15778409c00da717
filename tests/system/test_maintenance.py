"""Maintenance commands, run as processes."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.fake_models import embedding_of, photo
from tests.support.servers import REPOSITORY, RunningServer, fake_server_command, running

COLOUR = (200, 64, 64)
PERSON = photo(COLOUR, side=100)
TEMPLATE = embedding_of(COLOUR).astype("<f2").tobytes()


@pytest.fixture
def key_files(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "key", tmp_path / "another-key"]
    for file in files:
        file.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
    return files


def command(*arguments: str, key_file: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {"OPENFRS_MASTER_KEY_FILE": str(key_file)} if key_file else {}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


def templates(*arguments: str, key_file: Path | None = None) -> str:
    result = command("openfrs", "templates", *arguments, key_file=key_file)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused_start(data: Path, key_file: Path | None = None) -> str:
    result = command("tests.support.refusing", str(data), key_file=key_file)
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    return line


def search(server: RunningServer, client: httpx.Client) -> list[Any]:
    response = client.post(f"{server.project}/face-sets/s/search", files={"image_file": PERSON})
    assert response.status_code == 200, response.text
    return [(face["face_id"], face["similarity"]) for face in response.json()["faces"]]


def start(data: Path, key_file: Path | None = None) -> Any:
    environment = {"OPENFRS_MASTER_KEY_FILE": str(key_file)} if key_file else {}
    return running(fake_server_command(data), data, environment=environment)


def fill(server: RunningServer, client: httpx.Client) -> list[Any]:
    assert client.post(f"{server.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
    assert client.post(f"{server.project}/face-sets/s/faces", files={"image_file": PERSON}).status_code == 200
    return search(server, client)


def on_disk(data: Path) -> bool:
    return any(TEMPLATE in file.read_bytes() for file in data.iterdir())


def test_templates_are_encrypted_and_their_keys_rotated(tmp_path: Path, key_files: list[Path]) -> None:
    data, (key, other) = tmp_path / "data", key_files
    with start(data) as server, server.http() as client:
        results = fill(server, client)
    assert on_disk(data)
    assert refused_start(data, key).endswith("run openfrs templates encrypt")
    assert templates("encrypt", "--data", str(data), key_file=key) == "1 templates encrypted.\n"
    assert not on_disk(data)
    assert "templates are encrypted" in refused_start(data)
    with start(data, key) as server, server.http() as client:
        assert search(server, client) == results
        busy = command("openfrs", "templates", "rotate-project-keys", "--data", str(data), key_file=key)
        assert busy.stderr == f"openfrs: {data} is in use by another OpenFRS process\n"
    assert templates("rotate-project-keys", "--data", str(data), key_file=key) == "1 templates encrypted again.\n"
    assert "1 projects" in templates("rotate-master-key", str(other), "--data", str(data), key_file=key)
    assert "encrypted with another master key" in refused_start(data, key)
    with start(data, other) as server, server.http() as client:
        assert search(server, client) == results

    assert "Deleted 1 face sets" in templates("erase-project", "local", "--yes", "--data", str(data), key_file=other)
    with start(data, other) as server, server.http() as client:
        assert client.get(f"{server.project}/face-sets").json() == {"face_sets_info": []}
        assert fill(server, client)[0][1] == 1.0
    assert not on_disk(data)


def test_maintenance_needs_a_data_directory_and_a_master_key(tmp_path: Path, key_files: list[Path]) -> None:
    none = command("openfrs", "templates", "encrypt", "--data", str(tmp_path / "none"), key_file=key_files[0])
    assert (
        none.stderr == f"openfrs: {tmp_path / 'none'} is not an OpenFRS data directory; start the server on it once\n"
    )
    assert not (tmp_path / "none").exists()
    without = command("openfrs", "templates", "encrypt", "--data", str(tmp_path))
    assert without.stderr.startswith("openfrs: no master key is set")
