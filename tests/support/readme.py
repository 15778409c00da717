"""The README and its quick start."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from .servers import REPOSITORY, RunningServer

README = (REPOSITORY / "README.md").read_text("utf-8")


def quick_start_prints(server: RunningServer, samples: Path, folder: Path) -> str:
    """Run the README's commands and its program unchanged in a folder with their input files; return the program's output."""
    (commands,) = re.findall(r"```sh\n(eval .*?)```", README, re.DOTALL)
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "credentials.json").write_text(json.dumps(dict(server.credentials)))
    for name, photo in (("anna.jpg", "obama.jpg"), ("somebody.jpg", "obama2.jpg")):
        (folder / name).write_bytes((samples / photo).read_bytes())
    found = [_run(["bash", "-euo", "pipefail", "-c", commands], folder), _run([sys.executable, "-c", program], folder)]
    with server.http() as client:
        client.delete(f"{server.project}/face-sets/people")
    assert re.findall(r'"external_image_id":"(\w+)"', found[0].splitlines()[-1].rpartition("}{")[2]) == ["anna"], found[
        0
    ]
    return found[1]


def _run(command: list[str], folder: Path) -> str:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("OPENFRS_")}
    environment = {**bare, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{bare['PATH']}"}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
