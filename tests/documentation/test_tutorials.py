"""The commands of the tutorials run, in order, against a server with the real models."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from openfrs.vision.weights.cache import WeightCache
from tests.support.pages import blocks
from tests.support.servers import RunningServer

PHOTOS = {"anna.jpg": "obama.jpg", "anna-again.jpg": "obama2.jpg", "ben.jpg": "biden.jpg"}


@pytest.mark.models
def test_the_first_face_set(real_server: RunningServer, weights: WeightCache, tmp_path: Path) -> None:
    for name, sample in PHOTOS.items():
        shutil.copy(weights.samples / sample, tmp_path / name)
    (tmp_path / "data").symlink_to(real_server.data)
    commands = [block.text for block in blocks("sh") if block.page == "first-face-set.md" and not block.excuse]
    script = 'curl() { command curl --silent --show-error --fail "$@"; echo; }\n' + "\n".join(commands)
    printed = run(script, tmp_path)
    empty, created, anna, ben, found, risk, deleted = printed.splitlines()
    assert empty == '{"face_sets_info":[]}'
    assert '"face_set_name":"people"' in created
    assert "anna" in anna
    assert "ben" in ben
    assert re.findall(r'"external_image_id":"(\w+)"', found) == ["anna"]
    assert '"faces":2' in risk
    assert deleted == '{"face_set_name":"people"}'


def run(script: str, folder: Path) -> str:
    """Run a script of bash in a folder with the program on its path and return its output."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("OPENFRS_")}
    environment = {**bare, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{bare['PATH']}"}
    command = ["bash", "-euo", "pipefail", "-c", script]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout
