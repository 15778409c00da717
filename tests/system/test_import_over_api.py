"""``openfrs import --server``, as on the page of imports."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.data_directories import write_images
from tests.support.pages import blocks
from tests.support.servers import RunningServer


def test_the_documented_commands_import_into_a_running_server(running_server: RunningServer, tmp_path: Path) -> None:
    (block,) = (each for each in blocks("sh") if each.page == "import.md" and "--server" in each.text)
    script = block.text.replace("https://faces.example.com", running_server.endpoint)
    assert script != block.text
    write_images(tmp_path / "photos", 5)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"not an image")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "200", "OPENFRS_DATA": str(running_server.data)}
    with running_server.http() as http:
        try:
            for added, present in ((5, 0), (0, 5)):
                result = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", script],
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert result.returncode == 3, result.stderr
                assert "rejected: broken.jpg: " in result.stderr
                assert f"{added} faces of {added} images added; {present} images already present" in result.stdout
        finally:
            http.delete(f"{running_server.project}/face-sets/people")


def test_a_server_without_a_key_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "openfrs", "import", "s", str(tmp_path), "--server", "http://127.0.0.1:1"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "openfrs: --server needs --key-file FILE, as openfrs accounts create-key prints it\n"
