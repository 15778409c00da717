"""Import rules, checked in new processes."""

import subprocess
import sys

from tests.support.servers import REPOSITORY


def test_imports_point_down() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_a_server_does_not_load_what_it_does_not_use() -> None:
    program = "import sys, openfrs.server.main; print({'onnx', 'alembic', 'matplotlib', 'openfrs.evaluation'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"
