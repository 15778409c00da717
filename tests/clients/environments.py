"""Environments of the clients that registries and Debian provide, each with one client in a known version.

``python -m tests.clients.environments`` makes those that can be had and prints a line for each of the others, whose tests are
skipped.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest

from tests.support.servers import REPOSITORY

FOLDER: Final = Path(os.environ.get("OPENFRS_CLIENTS") or REPOSITORY / ".venv" / "clients")
DRIVERS: Final = Path(__file__).parent / "drivers"
NODE: Final = Path(__file__).parent / "node"

SDK_VERSIONS: Final = ("3.0.55", "3.0.70", "3.1.1", "3.1.60")
"""Versions of the Python SDK besides the one that these tests import."""

NEWEST_SDK: Final = version("huaweicloudsdkfrs")

CORE_VERSIONS: Final = ("3.0.57", "3.1.47", "3.1.211")
"""Versions of the JavaScript SDK core, as in ``node/package.json``."""

PACKAGES: Final = {
    **{f"frs-{number}": (f"huaweicloudsdkfrs=={number}", f"huaweicloudsdkcore=={number}") for number in SDK_VERSIONS},
    "openstack": ("keystoneauth1==5.18.1", "openstacksdk==4.22.0", "python-keystoneclient==6.0.0"),
    # later versions do not import a name that they use in functions with two kinds of body
    "generator": ("openapi-python-client==0.27.1",),
}
"""Packages of each Python environment. Their dependencies are not locked: a client has what its user's package manager installs."""

_GO: Final = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "CGO_ENABLED": "0"}
"""For Debian's Go libraries, which are sources without modules."""


def python_of(environment: str) -> Path:
    """Return the Python of an environment; skip the test where it was not made."""
    return _present(FOLDER / environment / "bin" / "python")


def go_driver() -> Path:
    """Return the driver of gophercloud; skip the test where it was not built."""
    return _present(FOLDER / "go" / "driver")


def csharp_driver() -> Path:
    """Return the driver in C#; skip the test where it was not built."""
    return _present(FOLDER / "csharp" / "driver.exe")


def node_folder() -> Path:
    """Return the folder with the JavaScript SDK cores; skip the test where they were not installed."""
    return _present(FOLDER / "node" / "node_modules").parent


def _present(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.relative_to(FOLDER).parts[0]} is not installed: run make clients")
    return path


def debian_version(package: str) -> str:
    """Return the upstream version of an installed Debian package."""
    command = ["dpkg-query", "--show", "--showformat=${Version}", package]
    if shutil.which(command[0]) is None:
        pytest.skip(f"not Debian: {package} is not installed")
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    if shown.returncode:
        pytest.skip(f"{package} is not installed")
    return shown.stdout.rpartition(":")[2].partition("-")[0].partition("+")[0]


def _install_python(name: str) -> None:
    folder, packages = FOLDER / name, PACKAGES[name]
    if (folder / "installed").exists() and (folder / "installed").read_text() == "\n".join(packages):
        return
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "--python",
        str(folder / "bin/python"),
    )
    _run(*pip, "install", "--no-compile", *packages)
    (folder / "installed").write_text("\n".join(packages))


def _install_node() -> None:
    folder = FOLDER / "node"
    lock = (NODE / "package-lock.json").read_bytes()
    if not (folder / "node_modules").exists() or (folder / "package-lock.json").read_bytes() != lock:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NODE / name, folder)
        _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)
    shutil.copy(NODE / "call.mjs", folder)


def _build_go() -> None:
    driver = FOLDER / "go" / "driver"
    driver.parent.mkdir(exist_ok=True)
    _run("go", "build", "-o", str(driver), str(DRIVERS / "gophercloud.go"), environment=_GO)


def _build_csharp() -> None:
    driver = FOLDER / "csharp" / "driver.exe"
    driver.parent.mkdir(exist_ok=True)
    references = "-reference:System.Web.Extensions.dll"
    _run("mcs", "-out:" + str(driver), references, str(DRIVERS / "csharp.cs"))


def _run(*command: str, cwd: Path | None = None, environment: dict[str, str] | None = None) -> None:
    subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )


def _steps() -> Iterator[tuple[str, Callable[[], None]]]:
    for name in PACKAGES:
        yield name, lambda name=name: _install_python(name)  # type: ignore[misc]
    yield "node", _install_node
    yield "gophercloud", _build_go
    yield "csharp", _build_csharp


def main() -> None:
    """Make every environment that can be had."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        made = {name: pool.submit(make) for name, make in _steps()}
    for name, future in made.items():
        error = future.exception()
        if isinstance(error, OSError | subprocess.SubprocessError):
            reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
            print(f"{name} is left out: {reason[-1] if reason else type(error).__name__}")
        elif error is not None:
            raise error


if __name__ == "__main__":
    main()
