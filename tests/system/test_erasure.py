"""Deleted templates are soon erased from all files of the data directory while the server runs."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.support.fake_models import embedding_of, photo
from tests.support.servers import fake_server_command, running
from tests.support.waiting import wait_until


def colour(number: int) -> tuple[int, int, int]:
    return 200, 16 * (3 + number % 12) + 8, 16 * (3 + number // 12) + 8


def on_disk(data: Path, templates: list[bytes]) -> int:
    """Return how many of these templates are in the data directory, completely or in part."""
    everything = b"".join(file.read_bytes() for file in sorted(data.iterdir()))
    return sum(any(part in everything for part in (template, template[:32], template[-32:])) for template in templates)


@pytest.mark.parametrize("workers", [1, 2])
def test_deleted_faces_and_sets_are_gone_from_every_file(tmp_path: Path, workers: int) -> None:
    data, environment = tmp_path / "data", {"OPENFRS_WORKERS": str(workers)}
    with running(fake_server_command(data), data, environment=environment) as server, server.http() as client:
        path = f"{server.project}/face-sets"
        for name in ("kept", "gone"):
            fields = {"note": {"type": "string"}}
            created = client.post(path, json={"face_set_name": name, "external_fields": fields})
            assert created.status_code == 200
        ids = list[str]()
        for number in range(60):
            name = "gone" if number >= 40 else "kept"
            image = photo(colour(number), side=100)
            ids += [client.post(f"{path}/{name}/faces", files={"image_file": image}).json()["faces"][0]["face_id"]]
        with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
            stored = dict(
                connection.execute("select face_id, template from faces join templates using (seq)").fetchall()
            )
        templates = [stored[face_id] for face_id in ids]
        assert templates == [embedding_of(colour(number)).astype("<f2").tobytes() for number in range(60)]
        assert on_disk(data, templates) == 60
        for length in (1, 100, 250):  # rows that outgrow their pages are moved to others
            for face_id in ids[:40]:
                body = {"face_id": face_id, "external_fields": {"note": "x" * length}}
                assert client.put(f"{path}/kept/faces", json=body).status_code == 200
        for face_id in ids[:20]:
            assert client.delete(f"{path}/kept/faces", params={"face_id": face_id}).status_code == 200
        assert client.delete(f"{path}/gone").status_code == 200
        deleted = templates[:20] + templates[40:]
        wait_until(
            lambda: not on_disk(data, deleted), timeout=120, interval=0.1, message="deleted templates are erased"
        )
        assert on_disk(data, templates) == 20
        assert not (data / "openfrs.db-wal").stat().st_size
        listed = client.get(f"{path}/kept/faces", params={"limit": 100}).json()["faces"]
        assert [face["face_id"] for face in listed] == ids[20:40]
    assert on_disk(data, templates) == 20


def test_the_log_does_not_grow_under_readers_and_writers(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data) as server, server.http() as client:
        path = f"{server.project}/face-sets"
        client.post(path, json={"face_set_name": "s"})
        image = photo(colour(1), side=100)
        with contextlib.closing(sqlite3.connect(data / "openfrs.db", isolation_level=None)) as reader:
            reader.execute("begin")
            reader.execute("select count(*) from faces").fetchall()
            for _ in range(60):
                assert client.post(f"{path}/s/faces", files={"image_file": image}).status_code == 200
            grown = (data / "openfrs.db-wal").stat().st_size
            assert grown > 0
            reader.execute("commit")
        # the reader has left: the log is truncated
        wait_until(lambda: not (data / "openfrs.db-wal").stat().st_size, timeout=120, interval=0.1)
