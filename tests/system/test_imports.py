"""Import rules, checked in new processes."""

import os
import subprocess
import sys

from tests.support.servers import REPOSITORY


def test_imports_point_down() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_a_server_does_not_load_what_it_does_not_use() -> None:
    unused = {"onnx", "alembic", "matplotlib", "openfrs.evaluation", "openvino", "cv2", "simplejpeg", "av"}
    program = f"import sys, openfrs.server.main, openfrs.server.application; print({unused} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


def test_modules_of_vision_processes_start_no_threads() -> None:
    """A fork server must have one thread."""
    program = "import os, openfrs.server.vision.preload; print(len(os.listdir('/proc/self/task')))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert result.stdout == "1\n"
