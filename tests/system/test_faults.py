"""A server whose disk fails: it rejects writes, continues to read, and recovers."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.fake_models import photo
from tests.support.servers import RunningServer, fake_server_command, running

PERSON = photo((200, 64, 64), side=100)


def add(server: RunningServer, client: httpx.Client) -> httpx.Response:
    return client.post(f"{server.project}/face-sets/s/faces", files={"image_file": PERSON})


def state(server: RunningServer, client: httpx.Client) -> Any:
    """Return all data that a client can read."""
    path = f"{server.project}/face-sets/s"
    query: dict[str, str] = {"top_n": "100", "threshold": "0.5"}
    responses = [
        client.get(f"{server.project}/face-sets"),
        client.get(f"{path}/faces"),
        client.post(f"{path}/search", files={"image_file": PERSON}, data=query),
    ]
    assert [response.status_code for response in responses] == [200] * 3
    return [response.json() for response in responses]


def refuses_writes_only(server: RunningServer, client: httpx.Client) -> None:
    before = state(server, client)
    path = f"{server.project}/face-sets/s"
    face_id = before[1]["faces"][0]["face_id"]
    for response in (
        add(server, client),
        client.post(f"{server.project}/face-sets", json={"face_set_name": "t"}),
        client.put(f"{path}/faces", json={"face_id": face_id, "external_image_id": "x"}),
        client.delete(f"{path}/faces", params={"face_id": face_id}),
        client.delete(path),
    ):
        assert response.status_code == 500
        assert response.json() == {"error_code": "FRS.0018", "error_msg": "The service inner error."}
        assert response.headers["Retry-After"] == "5"
    assert state(server, client) == before


def works(server: RunningServer, client: httpx.Client) -> None:
    count = len(state(server, client)[1]["faces"])
    assert add(server, client).status_code == 200
    after = state(server, client)
    assert len(after[1]["faces"]) == len(after[2]["faces"]) == count + 1
    (info,) = after[0]["face_sets_info"]
    assert info["face_number"] == count + 1


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process can be set on Linux alone")
@pytest.mark.parametrize("workers", [1, 2])
def test_failing_writes_are_rejected_and_later_writes_succeed(tmp_path: Path, workers: int) -> None:
    data = tmp_path / "data"
    command = fake_server_command(data)
    with running(command, data, environment={"OPENFRS_WORKERS": str(workers)}) as server, server.http() as client:
        assert client.post(f"{server.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
        for _ in range(3):
            works(server, client)
            for process in server.workers() or [server.process.pid]:
                resource.prlimit(process, resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
            refuses_writes_only(server, client)
            for process in server.workers() or [server.process.pid]:
                resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        works(server, client)
    with running(command, data) as server, server.http() as client:
        works(server, client)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A mounted disk of 4 MB; skipped where mounting is not permitted."""
    folder.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a disk can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(file: Path) -> None:
    """Fill the disk."""
    with file.open("wb", buffering=0) as writing:
        try:
            while True:
                writing.write(bytes(512))
        except OSError:
            pass


def test_writes_to_a_full_disk_are_rejected_until_space_is_freed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        data = disk / "data"
        with running(fake_server_command(data), data) as server, server.http() as client:
            assert client.post(f"{server.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
            for _ in range(3):
                works(server, client)
                fill(disk / "filler")
                while add(server, client).status_code == 200:
                    fill(disk / "filler")
                refuses_writes_only(server, client)
                (disk / "filler").unlink()
            works(server, client)


def test_a_disk_that_is_full_or_read_only_stops_the_start_in_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        data = disk / "data"
        with running(fake_server_command(data), data) as server, server.http() as client:
            client.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
        before = (data / "openfrs.db").read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert f"{disk}" in refused_start(data)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        fill(disk / "filler")
        assert f"{disk}" in refused_start(disk / "new")
        assert (data / "openfrs.db").read_bytes() == before
        (disk / "filler").unlink()
        with running(fake_server_command(data), data) as server, server.http() as client:
            works(server, client)


def refused_start(data: Path) -> str:
    command = [sys.executable, "-m", "tests.support.refusing", str(data)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    return line


@pytest.mark.parametrize("left", [None, 0, 1000])
def test_a_missing_or_truncated_database_stops_the_start(tmp_path: Path, left: int | None) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data):
        pass
    file = data / "openfrs.db"
    whole = file.read_bytes()
    file.unlink()
    if left is not None:
        file.write_bytes(whole[:left])
    assert str(file) in refused_start(data)
    assert file.read_bytes() == whole[:left] if left is not None else not file.exists()
