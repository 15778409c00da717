"""A client generated from the OpenAPI document, with the names of its operations."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.fake_models import photo
from tests.support.servers import RunningServer

from .environments import DRIVERS, python_of
from .processes import account, driver

CONFIGURATION = {
    "post_hooks": [],  # the formatter is not installed
    "content_type_overrides": {"image/jpeg": "application/octet-stream"},  # the generator knows no images
}


@pytest.fixture(scope="module")
def generated(running_server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package ``generated``; the generator warns of nothing that it has to leave out."""
    folder = tmp_path_factory.mktemp("generated")
    document = running_server.anonymous.get("/openapi.json").json()
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.yaml").write_text(json.dumps(CONFIGURATION))
    generator = python_of("generator").with_name("openapi-python-client")
    command = [str(generator), "generate", "--path", "openapi.json", "--config", "config.yaml"]
    command += ["--output-path", "generated", "--meta", "none"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stdout + result.stderr, result.stdout
    return folder


def test_functions_have_the_names_of_the_operations(generated: Path) -> None:
    names = {path.stem for path in (generated / "generated" / "api").glob("*/*.py")}
    assert {"compare_faces", "detect_faces", "search_faces", "add_faces", "create_face_set_v1"} <= names
    assert not [name for name in names if "project_id" in name or name.endswith(("_get", "_post", "_put"))]


def test_a_generated_client_manages_face_sets_and_compares_faces(generated: Path, server: RunningServer) -> None:
    (generated / "image.png").write_bytes(photo((200, 60, 60)))
    with driver([str(python_of("generator")), str(DRIVERS / "generated.py")], generated) as process:
        result = process.call(account(server, login=server.login_body(), image=str(generated / "image.png")))
    assert result == {
        "created": "generated",
        "added": 1,
        "age": 60,
        "similarity": 1.0,
        "refused": "FRS.0301",
        "listed": True,
        "deleted": "generated",
    }
