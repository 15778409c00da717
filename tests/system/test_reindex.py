"""Face sets of another embedder: rejected, and embedded again from their images."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.faces.reembed import Reembedding
from openfrs.operations.maintenance.reembed import reembed_face_set
from openfrs.vision.types import ALIGNMENT
from tests.support.fake_models import FakePipeline, load, photo
from tests.support.servers import RunningServer, fake_server_command, running

ANNA, BERT, CARL = (200, 64, 64), (64, 200, 64), (64, 64, 200)
IMAGES = {"anna": photo(ANNA), "pair": photo(BERT, CARL)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory whose face set ``s`` has three faces from two images, and templates of another embedder."""
    data = tmp_path / "data"
    with running(fake_server_command(data), data) as server, server.http() as client:
        client.post(
            f"{server.project}/face-sets", json={"face_set_name": "s", "external_fields": {"n": {"type": "long"}}}
        )
        for name, image in IMAGES.items():
            form = {"external_image_id": name, "external_fields": '{"n": 7}'}
            response = client.post(f"{server.project}/face-sets/s/faces", files={"image_file": image}, data=form)
            assert response.status_code == 200, response.text
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        connection.execute("update face_sets set embedder = 'older', alignment = 1")
        connection.execute("update templates set template = zeroblob(64)")
        connection.commit()
    return data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for name, image in IMAGES.items():
        (folder / f"{name}.png").write_bytes(image)
    return folder


@contextlib.contextmanager
def serving(data: Path) -> Iterator[tuple[RunningServer, httpx.Client, str]]:
    with running(fake_server_command(data), data) as server, server.http() as client:
        yield server, client, f"{server.project}/face-sets/s"


def reindex(data: Path, folder: Path, *, name: str = "s", drop_missing: bool = False) -> tuple[Reembedding, list[int]]:
    """Return the result and the reported progress: the total, then the steps."""
    progress = list[int]()

    def track(name: str, total: int) -> Any:
        assert name == "faces"
        progress.append(total)
        return progress.append

    options: dict[str, Any] = {"project_id": None, "drop_missing": drop_missing, "track": track, "load_pipeline": load}
    return reembed_face_set(Settings(data=data), name, folder, **options), progress


def contents(data: Path) -> list[Any]:
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        return [
            connection.execute(f"select * from {table}").fetchall() for table in ("face_sets", "faces", "tombstones")
        ]


def search_results(client: httpx.Client, path: str, person: tuple[int, int, int]) -> list[Any]:
    response = client.post(f"{path}/search", files={"image_file": photo(person)}, data={"threshold": "0.9"})
    assert response.status_code == 200, response.text
    return [(face["external_image_id"], face["similarity"]) for face in response.json()["faces"]]


def alignments(data: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        return [row[0] for row in connection.execute("select alignment from face_sets order by id")]


def test_a_face_set_of_another_embedder_is_rejected_with_its_name(data: Path) -> None:
    with serving(data) as (_, client, path):
        listed = client.get(f"{path}/faces").json()["faces"]
        files = {"image_file": IMAGES["anna"]}
        for response in (
            client.post(f"{path}/search", files=files),
            client.post(f"{path}/search", json={"face_id": listed[0]["face_id"]}),
            client.post(f"{path}/faces", files=files),
        ):
            assert (response.status_code, response.json()["error_code"]) == (400, "FRS.0012")
            assert "embedder older, but this server uses sface" in response.json()["error_msg"]


def test_a_face_set_is_embedded_again_from_its_images(data: Path, folder: Path) -> None:
    with serving(data) as (_, client, path):
        listed = client.get(f"{path}/faces").json()
    assert alignments(data) == [1]
    result, progress = reindex(data, folder)
    assert alignments(data) == [ALIGNMENT]
    assert (result.missing, result.unused) == ([], [])
    assert (progress[0], sum(progress[1:])) == (3, 3)
    with serving(data) as (_, client, path):
        assert client.get(f"{path}/faces").json() == listed
        assert search_results(client, path, ANNA) == [("anna", 1.0)]
        assert search_results(client, path, BERT) == search_results(client, path, CARL) == [("pair", 1.0)]
        pair = [face["face_id"] for face in listed["faces"] if face["external_image_id"] == "pair"]
        for face_id, person in zip(pair, (BERT, CARL), strict=True):
            response = client.post(f"{path}/search", files={"image_file": photo(person)}, data={"threshold": "0.9"})
            assert [face["face_id"] for face in response.json()["faces"]] == [face_id]
        assert client.get(path).json()["face_set_info"]["face_number"] == 3


def test_a_face_set_of_the_former_alignment_stays_searchable(data: Path, folder: Path) -> None:
    reindex(data, folder)
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        connection.execute("update face_sets set alignment = 1")
        connection.commit()
    with serving(data) as (server, client, path):
        assert search_results(client, path, ANNA) == [("anna", 1.0)]
        response = client.post(f"{path}/faces", files={"image_file": IMAGES["anna"]})
        assert response.status_code == 200, response.text
        client.post(f"{server.project}/face-sets", json={"face_set_name": "new"})
    assert alignments(data) == [1, ALIGNMENT]


def test_missing_faces_stop_the_run_or_are_dropped(data: Path, folder: Path) -> None:
    (folder / "anna.png").unlink()
    (folder / "pair.png").write_bytes(photo(BERT))
    (folder / "stranger.png").write_bytes(photo(CARL))
    before = contents(data)
    result, _ = reindex(data, folder)
    assert [face.external_image_id for face in result.without_image] == ["anna"]
    assert [face.external_image_id for face, _ in result.without_face] == ["pair"]
    assert "none of the 1 faces" in result.without_face[0][1]
    assert result.unused == [folder / "stranger.png"]
    assert contents(data) == before
    reindex(data, folder, drop_missing=True)
    with serving(data) as (_, client, path):
        assert client.get(path).json()["face_set_info"]["face_number"] == 1
        assert search_results(client, path, BERT) == [("pair", 1.0)]


def test_an_unreadable_image_is_reported(data: Path, folder: Path) -> None:
    (folder / "anna.png").write_bytes(b"not an image")
    result, _ = reindex(data, folder)
    ((face, why),) = result.without_face
    assert face.external_image_id == "anna"
    assert "anna.png" in why


def test_a_face_set_that_changes_during_the_run_is_unchanged(
    data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def embed(*arguments: Any) -> Any:
        with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
            connection.execute("update face_sets set version = version + 1")
            connection.commit()
        return embedded(*arguments)

    embedded = FakePipeline.embed
    monkeypatch.setattr(FakePipeline, "embed", embed)
    before = contents(data)
    with pytest.raises(OperatorError, match="changed during the run"):
        reindex(data, folder)
    assert contents(data)[1:] == before[1:]


def test_invalid_reindex_requests_are_rejected(data: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no face set t"):
        reindex(data, folder, name="t")
    with pytest.raises(OperatorError, match="cannot read"):
        reindex(data, tmp_path / "none")
    (folder / "anna.jpg").write_bytes(b"")
    with pytest.raises(OperatorError, match="the same external_image_id"):
        reindex(data, folder)
