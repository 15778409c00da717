"""Commands in the pages run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import Block, blocks
from tests.support.servers import REPOSITORY, fake_server_command, running

WITH_SERVER = {"README.md", *(page.name for page in (REPOSITORY / "docs" / "tutorials").iterdir())}
"""Pages whose commands need a running server: tests/documentation/test_readme.py and test_tutorials.py run them."""

RUNNABLE = [block for block in blocks("sh", "console") if not block.excuse and block.page not in WITH_SERVER]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data directory of a stopped server and the deployment files."""
    folder = tmp_path_factory.mktemp("docs")
    with running(fake_server_command(folder / "data"), folder / "data"):
        pass
    (folder / "deploy").symlink_to(REPOSITORY / "deploy")
    return folder


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    """Environment of the blocks: the command's path, and two access keys."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("OPENFRS_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{bare['PATH']}"
    credentials = json.loads((folder / "data" / "credentials.json").read_text())
    result = subprocess.run(
        [sys.executable, "-m", "openfrs", "accounts", "create-key", "openfrs", "admin"],
        cwd=folder,
        env=bare,
        capture_output=True,
        check=True,
    )
    return {
        **bare,
        "PATH": path,
        "COLUMNS": "200",
        "ACCESS_KEY": credentials["access_key"],
        "OTHER_ACCESS_KEY": json.loads(result.stdout)["access_key"],
    }


@pytest.mark.parametrize("block", RUNNABLE, ids=str)
def test_a_block_runs(block: Block, folder: Path, environment: dict[str, str]) -> None:
    if block.language == "sh":
        script, expected = block.text, None
    else:
        (script,) = re.findall(r"^\$ (.*)$", block.text, re.MULTILINE)
        expected = block.text.partition("\n")[2]
    command = ["bash", "-euo", "pipefail", "-c", script]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert expected is None or result.stdout == expected
