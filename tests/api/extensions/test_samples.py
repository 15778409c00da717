"""Sample photos over the API."""

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.contract import ok, refusal
from tests.support.in_process import in_process

JPEG = b"\xff\xd8\xff\xe0 a photo"


@pytest.fixture
def samples(tmp_path: Path) -> Iterator[tuple[httpx.Client, str, Path]]:
    """A client, the path of the samples, and the folder of models of a server without samples."""
    models = tmp_path / "models"
    models.mkdir()
    with in_process(tmp_path / "data", models=models) as server, server.http() as client:
        yield client, f"/x/v1/{server.credentials['project_id']}/samples", models


def test_photos_are_listed_and_shown_once_they_are_installed(samples: tuple[httpx.Client, str, Path]) -> None:
    client, path, models = samples
    assert ok(client.get(path)) == {"photos": []}
    (models / "samples").mkdir()
    (models / "samples" / "anna.jpg").write_bytes(JPEG)
    (models / "samples" / "notes.txt").write_text("x")
    assert ok(client.get(path)) == {"photos": ["anna.jpg"]}
    photo = ok(client.get(f"{path}/anna.jpg"))
    assert (photo["name"], base64.b64decode(photo["image_base64"])) == ("anna.jpg", JPEG)


@pytest.mark.parametrize("name", ["none.jpg", "notes.txt", "..secret.jpg"])
def test_other_files_are_not_shown(samples: tuple[httpx.Client, str, Path], name: str) -> None:
    client, path, models = samples
    (models / "secret.jpg").write_bytes(JPEG)
    (models / "samples").mkdir()
    (models / "samples" / "notes.txt").write_text("x")
    refusal(client.get(f"{path}/{name}"), "FRS.0012")


def test_no_path_leads_out_of_the_folder(samples: tuple[httpx.Client, str, Path]) -> None:
    client, path, models = samples
    (models / "secret.jpg").write_bytes(JPEG)
    (models / "samples").mkdir()
    for name in ("..%2Fsecret.jpg", "%2e%2e%2fsecret.jpg", "%2Fetc%2Fpasswd"):
        assert client.get(f"{path}/{name}").status_code >= 400
