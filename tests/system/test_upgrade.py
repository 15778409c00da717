"""A data directory of an earlier release, its backup and its archive serve with this one."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import run
from tests.support.fake_models import photo
from tests.support.servers import REPOSITORY, RunningServer, fake_server_command, running

EARLIER = ("7551a31",)
"""Commits of earlier releases."""

PEOPLE = {"anna": (200, 40, 40), "ben": (40, 200, 40), "eva": (40, 40, 200)}


@dataclass(frozen=True)
class EarlierRelease:
    """The sources of a release in a folder."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which its modules are found before those of this release."""
        return {"PYTHONPATH": f"{self.folder}{os.pathsep}{self.folder / 'src'}", "PYTHONSAFEPATH": "1"}

    def run(self, *arguments: object) -> None:
        """Run an openfrs command of the release."""
        command = [sys.executable, "-m", "openfrs", *map(str, arguments)]
        subprocess.run(command, env={**os.environ, **self.environment}, check=True, capture_output=True)


@pytest.fixture(params=EARLIER)
def release(request: pytest.FixtureRequest, tmp_path: Path) -> EarlierRelease:
    """An earlier release, from the history of this clone."""
    archive = ["git", "archive", request.param, "src", "tests"]
    result = subprocess.run(archive, cwd=REPOSITORY, capture_output=True, check=False)
    if result.returncode:
        pytest.skip(f"this clone has no commit {request.param}")
    with tarfile.open(fileobj=io.BytesIO(result.stdout)) as files:
        files.extractall(tmp_path / "earlier", filter="data")
    return EarlierRelease(tmp_path / "earlier")


def test_a_data_directory_of_an_earlier_release_is_upgraded(release: EarlierRelease, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data, environment=release.environment) as server:
        enrol(server)
        before = stored_faces(server)
    release.run("export", "people", tmp_path / "people.frs", "--plain", "--data", data)
    release.run("backup", tmp_path / "backup", "--data", data)
    restored = tmp_path / "restored"
    assert run("restore", str(tmp_path / "backup"), "--data", str(restored)).returncode == 0
    shutil.copy(data / "credentials.json", restored)
    for directory in (data, restored):
        result = run("import", "--archive", str(tmp_path / "people.frs"), "--as", "copy", "--data", str(directory))
        assert result.returncode == 0, result.stderr
        with running(fake_server_command(directory), directory) as server:
            assert stored_faces(server) == before
            for face_set in ("people", "copy"):
                for person, color in PEOPLE.items():
                    best = search(server, face_set, color)
                    assert (best["external_image_id"], best["similarity"]) == (person, 1.0)
        findings = run("doctor", "--data", str(directory)).stdout.splitlines()
        assert [line for line in findings if line.startswith("failed") and "models" not in line] == []


def enrol(server: RunningServer) -> None:
    """Enrol the people with a custom field."""
    fields = {"team": {"type": "string"}}
    with server.http() as client:
        client.post(
            f"{server.project}/face-sets", json={"face_set_name": "people", "external_fields": fields}
        ).raise_for_status()
        for person, color in PEOPLE.items():
            form = {"external_image_id": person, "external_fields": f'{{"team": "{person}s"}}'}
            client.post(
                f"{server.project}/face-sets/people/faces", data=form, files={"image_file": photo(color)}
            ).raise_for_status()


def stored_faces(server: RunningServer) -> Any:
    """Return the faces of the set as the service lists them."""
    with server.http() as client:
        return client.get(f"{server.project}/face-sets/people/faces?limit=100").raise_for_status().json()


def search(server: RunningServer, face_set: str, color: tuple[int, int, int]) -> Any:
    """Return the most similar face."""
    with server.http() as client:
        response = client.post(f"{server.project}/face-sets/{face_set}/search", files={"image_file": photo(color)})
        return response.raise_for_status().json()["faces"][0]
