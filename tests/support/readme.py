"""The README and its example program."""

import json
import re
import subprocess
import sys
from pathlib import Path

from .servers import REPOSITORY, RunningServer

README = (REPOSITORY / "README.md").read_text("utf-8")


def sdk_example_prints(server: RunningServer, samples: Path, folder: Path) -> str:
    """Run the README's example unchanged in a folder with its input files, and return its output."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "credentials.json").write_text(json.dumps(dict(server.credentials)))
    for name, photo in (("anna.jpg", "obama.jpg"), ("somebody.jpg", "obama2.jpg")):
        (folder / name).write_bytes((samples / photo).read_bytes())
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    with server.http() as client:
        client.delete(f"{server.project}/face-sets/people")
    return result.stdout
