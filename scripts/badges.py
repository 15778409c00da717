"""Write the badges of the README.

python scripts/badges.py [--tests 5200] [--coverage 93]

The version, the licence and the Python versions are those of the package; the number of tests and the coverage in percent are those
of a run.
"""

import tomllib
from pathlib import Path
from typing import Annotated

import typer
from anybadge import Badge

from openfrs import __version__

REPOSITORY = Path(__file__).parent.parent
BADGES = REPOSITORY / "docs" / "images" / "badges"
COLOR = "#00695c"


def package_badges() -> dict[str, str]:
    """Return the badges that follow from the package's metadata, as SVG by name."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "version": badge("version", __version__),
        "licence": badge("licence", project["license"]),
        "python": badge("Python", project["requires-python"].removeprefix(">=") + "+"),
    }


def badge(label: str, value: str) -> str:
    """Return a badge as SVG."""
    return str(Badge(label, value, default_color=COLOR).badge_svg_text)


def main(
    tests: Annotated[int | None, typer.Option(help="Number of tests that passed.")] = None,
    coverage: Annotated[int | None, typer.Option(help="Lines covered by tests, in percent.")] = None,
) -> None:
    """Write the badges; those of tests and coverage only if their values are given."""
    badges = package_badges()
    if tests is not None:
        badges["tests"] = badge("tests", f"{tests:,} passed")
    if coverage is not None:
        badges["coverage"] = badge("coverage", f"{coverage} %")
    BADGES.mkdir(parents=True, exist_ok=True)
    for name, text in badges.items():
        (BADGES / f"{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
