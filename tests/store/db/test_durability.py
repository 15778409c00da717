"""An acknowledged write is there whatever becomes of the process."""

import itertools
import os
import signal
import sqlite3
import threading
from pathlib import Path

import httpx
import pytest

from openfrs.core.errors import OperatorError
from openfrs.store.db.sqlite import SqliteDatabase
from tests.support.fake_models import photo
from tests.support.servers import RunningServer, fake_server_command, running


@pytest.mark.parametrize("workers", [1, 2])
def test_an_acknowledged_add_survives_kill_9(tmp_path: Path, workers: int) -> None:
    data, environment = tmp_path / "data", {"OPENFRS_WORKERS": str(workers)}

    def kill(server: RunningServer) -> None:
        for process in [*server.workers(), server.process.pid]:
            os.kill(process, signal.SIGKILL)

    acknowledged: list[str] = []
    command = fake_server_command(data)
    for round_ in range(3):
        with running(command, data, environment=environment) as server, server.http() as client:
            if round_ == 0:
                assert client.post(f"{server.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
            killer = threading.Timer(0.7, kill, [server])
            killer.start()
            try:
                for count in itertools.count():
                    picture = photo((64 + count % 12 * 16, 64 + count // 12 % 12 * 16, 200))
                    answer = client.post(f"{server.project}/face-sets/s/faces", files={"image_file": picture})
                    assert answer.status_code == 200
                    acknowledged += [face["face_id"] for face in answer.json()["faces"]]
            except httpx.TransportError:
                killer.join()
    assert acknowledged
    with running(command, data, environment=environment) as server, server.http() as client:
        listed = client.get(f"{server.project}/face-sets/s/faces", params={"limit": 10_000}).json()["faces"]
        kept = [face["face_id"] for face in listed]
        info = client.get(f"{server.project}/face-sets/s").json()["face_set_info"]
        assert set(acknowledged) <= set(kept)
        assert len(kept) - len(acknowledged) <= 3  # written, but killed before the answer, once a round at most
        assert info["face_number"] == len(kept)
        for face_id in acknowledged[:: max(1, len(acknowledged) // 20)]:
            found = client.post(f"{server.project}/face-sets/s/search", json={"face_id": face_id, "top_n": 1}).json()
            assert [face["face_id"] for face in found["faces"]] == [face_id]


def test_writes_are_synchronous(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "x.db")
    with database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_file_that_is_no_database_is_one_line_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"this is not a database" * 100)
    with pytest.raises(OperatorError, match="cannot be used as a database"):
        SqliteDatabase(file)
    assert file.read_bytes() == b"this is not a database" * 100


def test_a_database_of_a_newer_release_is_one_line_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    SqliteDatabase(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    with pytest.raises(OperatorError, match="newer release"):
        SqliteDatabase(file)
    with sqlite3.connect(file) as connection:
        assert connection.execute("select version_num from alembic_version").fetchall() == [("9999",)]
    connection.close()
