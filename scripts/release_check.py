"""Check a release: run all that a release needs and print the outcome of each step.

python scripts/release_check.py [--only NAME]

Exits with 1 if a step failed. A step that needs a network is skipped where there is none.
"""

import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from openfrs import __version__

REPOSITORY = Path(__file__).parent.parent

_NO_NETWORK = re.compile(r"Temporary failure|ConnectionError|ENOTFOUND|EAI_AGAIN|No matching distribution|Max retries")


class SkippedError(Exception):
    """The step cannot run on this machine."""


def check_clean() -> None:
    """Check that every change is committed."""
    changed = _run("git", "status", "--porcelain")
    assert not changed, f"not committed:\n{changed}"


def check_version() -> None:
    """Check that the version has a section of the changelog with a date, and badges."""
    text = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## {re.escape(__version__)} - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE), "not in CHANGELOG.md"
    assert "dynamic" in tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert __version__ in (REPOSITORY / "docs" / "images" / "badges" / "version.svg").read_text("utf-8"), "old badge"


def check_vulnerabilities() -> None:
    """Look up known vulnerabilities of the locked packages, if their databases can be reached."""
    result = subprocess.run(["make", "audit"], cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S607
    if result.returncode and _NO_NETWORK.search(result.stdout + result.stderr):
        raise SkippedError("the vulnerability databases cannot be reached")
    assert not result.returncode, result.stdout + result.stderr


def target(name: str) -> Callable[[], None]:
    """Return the step that runs a target of the Makefile."""

    def step() -> None:
        _run("make", name)

    step.__doc__ = f"Run make {name}."
    return step


STEPS: Final[Mapping[str, Callable[[], None]]] = {
    "clean": check_clean,
    "version": check_version,
    "lint": target("lint"),
    "docs": target("docs"),
    "packages": target("dist"),
    "bill of materials": target("sbom"),
    "tests": target("test"),
    "vulnerabilities": check_vulnerabilities,
}
"""The steps in order. The tests include a reproducible build, the quick start in an empty environment, and upgrades."""


def _run(*command: str) -> str:
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    output = result.stdout + result.stderr
    assert not result.returncode, "\n".join(output.splitlines()[-20:])
    return output


def run_steps(steps: Sequence[str], table: Table) -> bool:
    """Run steps and add the outcome of each to a table. Return whether none failed."""
    passed = True
    for name in steps:
        start, outcome = time.monotonic(), "passed"
        try:
            STEPS[name]()
        except SkippedError as reason:
            outcome = f"skipped: {reason}"
        except AssertionError as reason:
            outcome, passed = f"failed: {reason}", False
        table.add_row(name, str(timedelta(seconds=round(time.monotonic() - start))), outcome)
    return passed


def main(
    only: Annotated[list[str] | None, typer.Option(help=f"Step to run: {', '.join(STEPS)}.")] = None,
) -> None:
    """Run the steps and print their outcomes."""
    table = Table("step", "time", "outcome", title=f"Release {__version__}")
    passed = run_steps(only or list(STEPS), table)
    Console().print(table)
    sys.exit(not passed)


if __name__ == "__main__":
    typer.run(main)
