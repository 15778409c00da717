"""Fixtures of the tests with other clients: a server on a socket, and the JavaScript SDK core, installed once."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import RunningServer

FOLDER = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def server(running_server: RunningServer) -> RunningServer:
    """The shared server of this process."""
    return running_server


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDK core installed from the lock file."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node is not installed")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "call.mjs"):
        shutil.copy(FOLDER / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if installed.returncode:
        pytest.skip("the JavaScript SDK core cannot be installed: no registry is reached")
    return folder
