"""The dependencies page gives a reason for each direct dependency and for nothing else."""

import json
import re
import tomllib
from collections.abc import Iterator

from tests.support.pages import PAGES
from tests.support.servers import REPOSITORY


def declared() -> Iterator[str]:
    """Return the names of all direct dependencies."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    groups = [project["project"]["dependencies"]]
    groups += [*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()]
    for requirement in (each for group in groups for each in group):
        yield re.split(r"[\[<>=;\s]", requirement)[0]
    console = json.loads((REPOSITORY / "console" / "package.json").read_text("utf-8"))
    yield from (*console["dependencies"], *console["devDependencies"])


def test_each_dependency_has_a_reason_and_each_reason_a_dependency() -> None:
    rows = re.findall(r"^\| `(\S+)` \| .+ \|$", PAGES["dependencies.md"], re.MULTILINE)
    assert sorted(rows) == sorted(declared())
