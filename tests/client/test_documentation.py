"""The example on the page of the client."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.fake_models import photo
from tests.support.pages import blocks
from tests.support.servers import RunningServer


def test_the_example_runs(running_server: RunningServer, tmp_path: Path) -> None:
    (block,) = (block for block in blocks("python") if block.page == "python-client.md")
    (tmp_path / "data").mkdir()
    credentials = {**running_server.credentials, "endpoint": running_server.endpoint}
    (tmp_path / "data" / "credentials.json").write_text(json.dumps(credentials))
    for name in ("anna.jpg", "somebody.jpg"):
        (tmp_path / name).write_bytes(photo((10, 200, 90)))
    command = [sys.executable, "-c", block.text]
    result = subprocess.run(command, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    first, second = result.stdout.splitlines()
    assert first == "[('anna', 1.0)]"
    assert second.startswith("FRS.0302 The face set strangers does not exist. ")
    with running_server.http() as http:
        assert http.delete(f"{running_server.project}/face-sets/colleagues").status_code == 200
