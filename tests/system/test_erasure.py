"""Deleted templates are soon erased from all files of the data directory while the server runs."""

import base64
import contextlib
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.fake_models import embedding_of, photo
from tests.support.servers import fake_server_command, running
from tests.support.waiting import wait_until

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


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


@pytest.mark.parametrize("encrypted", [False, True])
def test_destroyed_crops_are_gone_from_every_file(tmp_path: Path, encrypted: bool) -> None:
    """Neither the crop nor its stored form is left after its face, its set or all crops of its set were deleted."""
    data, environment = tmp_path / "data", {"OPENFRS_MASTER_KEY": MASTER_KEY} if encrypted else {}
    with running(fake_server_command(data), data, environment=environment) as server, server.http() as client:
        sets, extension = f"{server.project}/face-sets", f"/x{server.project.replace('/v2', '/v1')}/face-sets"
        ids = dict[str, list[str]]()
        for name in ("faces", "set", "crops", "kept"):
            assert client.post(sets, json={"face_set_name": name}).status_code == 200
            assert client.put(f"{extension}/{name}/crops").status_code == 200
            for number in range(4):
                image = noisy(colour(len(ids) * 4 + number))
                added = client.post(f"{sets}/{name}/faces", files={"image_file": image}).json()["faces"]
                ids.setdefault(name, []).append(added[0]["face_id"])
        plain = {
            name: [client.get(f"{extension}/{name}/faces/{face_id}/crop").content for face_id in ids[name]]
            for name in ids
        }
        assert all(crop.startswith(b"\xff\xd8") and len(crop) > 2000 for crops in plain.values() for crop in crops)
        query = "select s.name, crop from crops join faces f using (seq) join face_sets s on s.id = f.set_id"
        stored = dict[str, list[bytes]]()
        with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
            for name, crop in connection.execute(query):
                stored.setdefault(name, []).append(crop)
        assert all(pieces(data, crop) for crops in stored.values() for crop in crops)
        assert not encrypted or not any(pieces(data, crop) for crops in plain.values() for crop in crops)
        for face_id in ids["faces"]:
            assert client.delete(f"{sets}/faces/faces", params={"face_id": face_id}).status_code == 200
        assert client.delete(f"{sets}/set").status_code == 200
        assert client.delete(f"{extension}/crops/crops").json() == {"crops": {"enabled": False, "number": 0}}
        gone = [crop for name in ("faces", "set", "crops") for crop in (*stored[name], *plain[name])]
        wait_until(
            lambda: not any(pieces(data, crop) for crop in gone),
            timeout=120,
            interval=0.2,
            message="destroyed crops are erased",
        )
        assert not (data / "openfrs.db-wal").stat().st_size
        assert all(pieces(data, crop) for crop in stored["kept"])
    assert not any(pieces(data, crop) for crop in gone)


def pieces(data: Path, crop: bytes) -> int:
    """Return how many pieces of a crop are in the data directory. SQLite spreads a long value over pages."""
    everything = b"".join(file.read_bytes() for file in sorted(data.rglob("*")) if file.is_file())
    return sum(crop[start : start + 64] in everything for start in range(640, len(crop) - 64, 512))


def noisy(colour: tuple[int, int, int]) -> bytes:
    """Return a photo whose crop has much detail, so that its pieces occur nowhere else."""
    pixels = np.random.default_rng(colour).integers(0, 40, (200, 200, 3), np.uint8)
    pixels[60:140, 60:140] = colour
    return cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes()
