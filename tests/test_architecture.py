"""The rules of the house hold."""

import ast
import subprocess
import sys

from openfrs.core.settings import Settings
from tests.support.servers import REPOSITORY


def test_imports_point_down() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_a_server_does_not_load_what_it_does_not_use() -> None:
    program = "import sys, openfrs.server.main; print({'onnx', 'alembic', 'matplotlib', 'openfrs.evaluation'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


def test_every_setting_is_documented() -> None:
    page = (REPOSITORY / "docs" / "settings.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `OPENFRS_{name.upper()}` |" in page, name
        assert field.description is not None
        assert field.description in page, name


def test_source_files_stay_small() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (REPOSITORY / "src").rglob("*.py")}
    assert {path.name: length for path, length in lengths.items() if length > 400} == {}


def test_lock_files_name_no_host() -> None:
    for path in (REPOSITORY / "requirements").iterdir():
        text = path.read_text("utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_no_test_module_imports_another() -> None:
    """Helpers that two modules use are in ``tests.support`` or in a helper module beside them; fixtures are in conftest."""
    for path in (REPOSITORY / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            names = (getattr(node, "module", None) or "").split(".")
            names += [part for alias in node.names for part in alias.name.split(".")]
            modules = [name for name in names if name == "conftest" or name.startswith("test_")]
            assert not modules, f"{path} imports {modules}"
