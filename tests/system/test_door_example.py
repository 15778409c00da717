"""The example of a door with a camera, with the real models and a video as the camera."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openfrs.vision.weights.cache import WeightCache
from tests.support.camera import camera_video
from tests.support.servers import REPOSITORY, RunningServer


@pytest.mark.models
def test_the_door_opens_for_an_enrolled_person_and_not_for_another(
    real_server: RunningServer, weights: WeightCache, tmp_path: Path
) -> None:
    (tmp_path / "credentials.json").write_text(json.dumps(dict(real_server.credentials)))
    with real_server.http() as client:
        client.post(f"{real_server.project}/face-sets", json={"face_set_name": "staff"}).raise_for_status()
        with (weights.samples / "obama.jpg").open("rb") as photo:
            client.post(
                f"{real_server.project}/face-sets/staff/faces",
                data={"external_image_id": "anna", "single": "true"},
                files={"image_file": photo},
            ).raise_for_status()
        try:
            assert "open for anna" in door(weights.samples / "obama2.jpg", tmp_path)
            assert door(weights.samples / "biden.jpg", tmp_path) == ""
        finally:
            client.delete(f"{real_server.project}/face-sets/staff")


def door(photo: Path, folder: Path) -> str:
    """Return what the example prints for a camera in front of a photo."""
    video = camera_video(photo, folder / f"{photo.stem}.mjpeg", frames=6)
    command = [sys.executable, "examples/door.py", str(folder / "credentials.json"), "staff", "--camera", str(video)]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout
