"""The prose checker finds what the word list names, where it stands, and nothing inside code."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.servers import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "check_prose.py"


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_prose", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def findings(checker: ModuleType, path: Path) -> list[tuple[int, str]]:
    rules = checker.Rules.read(SCRIPT.with_name("prose.toml"))
    return [(line, match) for passage in checker.passages(path) for line, match, _ in rules.findings(passage)]


def test_docstrings_and_comments_of_python(checker: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('''"""Whether it works."""\n\n# Built\n# anew each time.\nvalue = "anew"  # the `anew` flag\n''')
    assert findings(checker, path) == [(1, "Whether …"), (4, "anew")]


def test_markdown_outside_of_code(checker: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# Page\n\n```sh\nmake anew\n```\n\nIt is made\nanew, not `anew`.\n")
    assert findings(checker, path) == [(8, "anew")]


def test_texts_of_the_console(checker: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "en.json"
    path.write_text('{\n  "anew": "Sign in",\n  "title": "Signed in \\"for ever\\""\n}\n')
    assert findings(checker, path) == [(3, "for ever")]


def test_a_violation_is_printed_with_its_place_and_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Made anew.\n")
    result = subprocess.run([sys.executable, str(SCRIPT), str(page)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, f"{page}:1: “anew”: again\n")
    assert result.stderr == "1 violation of docs/explanation/style.md\n"
