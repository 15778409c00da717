"""Conventions of the repository: documented settings, small files, lock files and test modules."""

import ast

from openfrs.core.settings import Settings
from tests.support.servers import REPOSITORY


def test_every_setting_is_documented() -> None:
    page = (REPOSITORY / "docs" / "reference" / "settings.md").read_text("utf-8")
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


def test_tests_wait_in_one_place() -> None:
    """``tests.support.waiting`` has deadlines and messages; a plain sleep has neither."""
    for path in (REPOSITORY / "tests").rglob("*.py"):
        if path.name != "waiting.py":
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                assert name != "time.sleep", f"{path}:{getattr(node, 'lineno', 0)} sleeps: use wait_until"
