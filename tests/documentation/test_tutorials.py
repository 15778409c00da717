"""The commands of the tutorials run, in order, against a server with the real models."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from openfrs.vision.weights.cache import WeightCache
from tests.support.pages import blocks
from tests.support.postgresql import free_port
from tests.support.servers import RunningServer

NAMES = ("张三", "پریسا", "José Núñez", "محمد", "Zoë Ångström", "王小明 甲")

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


@pytest.mark.models
def test_the_first_week(weights: WeightCache, tmp_path: Path) -> None:
    samples = [weights.samples / name for name in ("obama.jpg", "obama2.jpg", "biden.jpg")]
    for number in range(300):
        person = tmp_path / "photos" / f"{NAMES[number % len(NAMES)]} {number // 30}"
        person.mkdir(parents=True, exist_ok=True)
        shutil.copy(samples[0] if number == 0 else samples[2], person / f"{number}.jpg")
    shutil.copy(samples[1], tmp_path / "someone.jpg")
    port = free_port()
    commands = [block.text for block in blocks("sh") if block.page == "first-week.md"]
    script = "\n".join(
        ['curl() { command curl --silent --show-error --fail "$@"; echo; }', "set -m", "trap 'kill %%' EXIT", *commands]
    )
    settings = {"OPENFRS_PORT": str(port), "OPENFRS_MODELS": str(weights.directory)}
    printed = run(script.replace("127.0.0.1:8080", f"127.0.0.1:{port}"), tmp_path, settings)
    assert "300 faces of 300 images added" in printed
    names = re.findall(r'"name":"([^"]+)"', printed)
    assert names == [f"{NAMES[0]} 0", "王小明", "王小明"], "found, corrected, and after the new key"
    assert "staff" in printed.partition("face set")[2]
    log = (tmp_path / "audit.csv").read_text("utf-8")
    assert all(name in log for name in ("reception", "importer", "staff"))


def run(script: str, folder: Path, settings: Mapping[str, str] | None = None) -> str:
    """Run a script of bash in a folder with the program on its path and return its output."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("OPENFRS_")}
    environment = {**bare, **(settings or {}), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{bare['PATH']}"}
    command = ["bash", "-euo", "pipefail", "-c", script]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout
