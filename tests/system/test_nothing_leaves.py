"""Nothing leaves the machine: the server and the commands look up no name and connect to nothing beyond loopback."""

import base64
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from openfrs.cli.main import app
from openfrs.vision.weights.cache import WeightCache
from tests.support.onnx_models import tiny
from tests.support.performances import LEFT_THEN_RIGHT
from tests.support.servers import real_server_command, running
from tests.support.watched import Watch, watch

RUN_ALL = """
import sys, traceback
from pathlib import Path
from typer.testing import CliRunner
from openfrs.cli.main import app
from openfrs.evaluation.benchmark import gallery
from openfrs.vision.runtime import tuning
gallery._ROUNDS = tuning._ROUNDS = tuning._RUNS = 1
for line in Path(sys.argv[1]).read_text().splitlines():
    result = CliRunner().invoke(app, line.split())
    print(result.exit_code, line)
    if result.exit_code:
        print(result.output)
        traceback.print_exception(result.exception)
        sys.exit(1)
"""

COMPLETE = """\
models list --models models
models verify --models models
models tune --models models
doctor --data data --models models
config show
accounts list --data data
import people images --data data --models models --create
export people people.frs --data data
archive show people.frs --data data
import --archive people.frs --as others --data data --models models
reindex people flat --data data --models models --drop-missing
retention run --data data
retention report --data data
templates scrub --data data
backup saved --data data
restore saved --data restored
eval verify images --models models --no-plots --report report
bench --gallery --seconds 0.1 --faces 100 --models models
"""
"""Commands that run completely, with the real models where they need some. Every command shows its help as well."""


def leaves(command: Any, path: str = "") -> Iterator[str]:
    """Yield the words of every command."""
    for name in command.commands:
        found = command.get_command(None, name)
        yield from leaves(found, f"{path}{name} ") if hasattr(found, "commands") else [f"{path}{name}"]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watch]:
    with watch(tmp_path) as watched:
        yield watched


def test_importing_openvino_reports_nothing(watched: Watch) -> None:
    watched.run("import sys, openfrs.vision.runtime.session; assert 'openvino' in sys.modules")


def test_running_a_model_by_onnx_runtime_reports_nothing(watched: Watch) -> None:
    if importlib.util.find_spec("onnxruntime") is None:
        pytest.skip("ONNX Runtime is not installed")
    model = watched.folder / "tiny.onnx"
    model.write_bytes(tiny())
    program = """
import sys
from pathlib import Path
from openfrs.vision.runtime.onnxruntime import OnnxRuntimeSession
session = OnnxRuntimeSession(Path(sys.argv[1]))
session.run(session.input((3,)))
"""
    watched.run(program, str(model))


def test_the_watch_notices_a_lookup_and_a_connection_of_a_child(tmp_path: Path) -> None:
    program = "import socket\ntry: socket.create_connection(('192.0.2.1', 9), 0.01)\nexcept OSError: pass"
    with pytest.raises(AssertionError, match=r"getaddrinfo 192.0.2.1.*connect 192.0.2.1"), watch(tmp_path) as watched:
        watched.run(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}], check=True)")


@pytest.mark.models
def test_the_server_and_every_command_keep_to_themselves(all_weights: WeightCache, watched: Watch) -> None:
    models = watched.folder / "models"  # a copy, because one command writes to it
    models.mkdir()
    for weight in all_weights.directory.iterdir():
        (models / weight.name).symlink_to(weight)
    serve_and_recognise(watched)
    photos = {"obama/1.jpg": "obama.jpg", "obama/2.jpg": "obama2.jpg", "biden/1.jpg": "biden.jpg"}
    photos_by_path = {f"images/{path}": name for path, name in photos.items()} | {"flat/obama.jpg": "obama.jpg"}
    for path, name in photos_by_path.items():
        (watched.folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(all_weights.samples / name, watched.folder / path)
    commands = watched.folder / "commands"
    helps = "".join(f"{command} --help\n" for command in leaves(typer.main.get_command(app)))
    commands.write_text(helps + COMPLETE, "utf-8")
    watched.run(RUN_ALL, str(commands))


def serve_and_recognise(watched: Watch) -> None:
    """Start a server of two processes, and let it recognise faces and decode a video."""
    data = watched.folder / "data"
    # the tests' own environment is left out: it may name settings or the automation that runs them
    environment = [f"{name}={value}" for name, value in watched.environment.items()]
    server_command = real_server_command(data, watched.folder / "models")
    command = ["env", "-i", *environment, *server_command, "--workers", "2"]
    photo = base64.b64encode((watched.folder / "models" / "samples" / "obama.jpg").read_bytes()).decode()
    video = base64.b64encode(LEFT_THEN_RIGHT).decode()
    bodies = {
        "face-detect": {"image_base64": photo, "attributes": "2,4,5"},
        "live-detect-face": {"image_base64": photo},
        "live-detect": {"video_base64": video, "actions": "1"},
    }
    with running(command, data) as server, server.http() as client:
        for path, body in bodies.items():
            response = client.post(f"{server.project.replace('v2', 'v1')}/{path}", json=body)
            assert response.status_code == 200, response.text
