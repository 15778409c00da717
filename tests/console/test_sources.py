"""The console's sources: lint, unit tests, and types that match the service."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import REPOSITORY

SOURCES = REPOSITORY / "console"


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    if not (SOURCES / "node_modules").is_dir() or shutil.which("node") is None:
        pytest.skip("the console's packages are not installed; run make console")


def run(*command: str, cwd: Path = SOURCES) -> None:
    environment = {**os.environ, "PATH": f"{SOURCES / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_unit_tests_pass() -> None:
    run("vitest", "run")


def test_lint_passes() -> None:
    run("biome", "check", ".")


def test_types_match_the_service(tmp_path: Path) -> None:
    """The committed types may lag behind the service; the parts that the console uses may not."""
    run(sys.executable, str(REPOSITORY / "scripts" / "write_openapi.py"), str(tmp_path / "openapi.json"))
    shutil.copytree(SOURCES / "src", tmp_path / "src")
    for name in ("tsconfig.json", "vite.config.ts", "package.json"):
        shutil.copy(SOURCES / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(SOURCES / "node_modules")
    run("openapi-typescript", str(tmp_path / "openapi.json"), "-o", str(tmp_path / "src" / "api" / "schema.d.ts"))
    run("tsc", "--noEmit", "-p", str(tmp_path / "tsconfig.json"), cwd=tmp_path)


def test_the_lock_file_names_no_registry() -> None:
    text = (SOURCES / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text
    assert "registry" not in text
