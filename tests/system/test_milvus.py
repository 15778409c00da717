"""Servers with a face index on Milvus: search with and without the server, and the command that maintains it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from openfrs.cli.main import main
from tests.support.fake_models import photo
from tests.support.milvus import MilvusServer, milvus_server, wait_until_indexed
from tests.support.servers import RunningServer, fake_server_command, running
from tests.support.waiting import wait_until

PEOPLE = [photo(colour, side=100) for colour in [(200, 64, 64), (64, 200, 64), (64, 64, 200), (200, 200, 64)]]


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus") / "data") as server:
        yield server


@contextmanager
def indexed(data: Path, url: str, **settings: str) -> Iterator[RunningServer]:
    environment = {"OPENFRS_INDEX": "milvus", "OPENFRS_MILVUS": url}
    environment |= {f"OPENFRS_{name.upper()}": value for name, value in settings.items()}
    with running(fake_server_command(data), data, environment=environment) as server:
        yield server


def enrol(server: RunningServer, client: httpx.Client, name: str = "s") -> list[str]:
    assert client.post(f"{server.project}/face-sets", json={"face_set_name": name}).status_code == 200
    responses = [
        client.post(f"{server.project}/face-sets/{name}/faces", files={"image_file": person}) for person in PEOPLE
    ]
    return [response.json()["faces"][0]["face_id"] for response in responses]


def search(server: RunningServer, client: httpx.Client, person: int) -> httpx.Response:
    return client.post(f"{server.project}/face-sets/s/search", files={"image_file": PEOPLE[person]}, data={"top_n": 1})


def test_a_server_searches_in_milvus_or_in_memory_if_milvus_is_unavailable(
    tmp_path: Path, milvus: MilvusServer
) -> None:
    data = tmp_path / "data"
    with indexed(data, milvus.url) as server, server.http() as client:
        ids = enrol(server, client)
        for person, face_id in enumerate(ids):
            assert search(server, client, person).json()["faces"][0]["face_id"] == face_id
        wait_until_indexed(data)
        assert search(server, client, 2).json()["faces"][0]["face_id"] == ids[2]
        assert client.get("/ready").json() == {"status": "ready"}
        assert client.delete(f"{server.project}/face-sets/s/faces", params={"face_id": ids[2]}).status_code == 200
        assert search(server, client, 2).json()["faces"][0]["face_id"] != ids[2]
        milvus.kill()
        assert search(server, client, 3).json()["faces"][0]["face_id"] == ids[3]
        assert client.get("/ready").json() == {"status": "ready", "milvus": "out of reach"}
        milvus.start()
        wait_until(
            lambda: client.get("/ready").json() == {"status": "ready"},
            interval=0.2,
            message="Milvus is available again",
        )
        assert search(server, client, 3).json()["faces"][0]["face_id"] == ids[3]


def test_without_milvus_a_search_of_a_set_too_large_for_memory_fails_with_503(
    tmp_path: Path, milvus: MilvusServer
) -> None:
    with indexed(tmp_path / "data", "http://127.0.0.1:1", index_memory="500") as server, server.http() as client:
        enrol(server, client)
        response = search(server, client, 0)
        assert (response.status_code, response.json()["error_code"]) == (503, "APIG.0201")
        assert response.json()["error_msg"] == "The index of the face set is unavailable."
        assert response.headers["Retry-After"] == "5"
        assert client.get(f"{server.project}/face-sets/s/faces").json()["faces"] != []


def test_the_command_rebuilds_and_verifies_while_a_server_runs(
    tmp_path: Path, milvus: MilvusServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    with indexed(data, milvus.url) as server, server.http() as client:
        ids = enrol(server, client)
        wait_until_indexed(data)
        monkeypatch.setenv("OPENFRS_INDEX", "milvus")
        monkeypatch.setenv("OPENFRS_MILVUS", milvus.url)
        assert command(monkeypatch, "index", "verify", "--data", str(data)) == 0
        assert capsys.readouterr().out == "Compared 4 faces; 0 face sets differ.\n"
        assert command(monkeypatch, "index", "rebuild", "--set", "s", "--data", str(data)) == 0
        assert capsys.readouterr().out == "Rebuilt the index of 1 face sets.\n"
        assert command(monkeypatch, "index", "verify", "--data", str(data)) == 0
        assert search(server, client, 1).json()["faces"][0]["face_id"] == ids[1]
        assert command(monkeypatch, "index", "rebuild", "--set", "other", "--data", str(data)) == 1
        assert "has no face set other" in capsys.readouterr().err
        monkeypatch.setenv("OPENFRS_MILVUS", "http://127.0.0.1:1")
        assert command(monkeypatch, "index", "verify", "--data", str(data)) == 1
        assert "Milvus does not respond" in capsys.readouterr().err


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["openfrs", *arguments])
    with pytest.raises(SystemExit) as exit_info:
        main()
    return int(exit_info.value.code or 0)


@pytest.mark.parametrize("url", ["localhost:19530", "milvus://x", "http://"])
def test_an_invalid_url_stops_the_start(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymilvus", reason="pymilvus is not installed")
    from openfrs.core.errors import OperatorError
    from openfrs.store.index.milvus.client import Milvus

    with pytest.raises(OperatorError, match="not a URL"):
        Milvus(url)
