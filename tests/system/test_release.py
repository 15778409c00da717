"""The bill of materials of a release, and the licences of what the console's bundle contains."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from openfrs import __version__
from openfrs.api.console import BUILT
from openfrs.vision.weights.manifest import manifest
from tests.support.servers import REPOSITORY

WITHOUT_LICENCE = {"async-timeout", "colorama", "exceptiongroup", "tomli"}
"""Packages for older versions of Python or other systems, which are not installed here."""


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The bill of materials."""
    return written(tmp_path_factory.mktemp("bill") / "openfrs.cdx.json")


def written(target: Path) -> str:
    """Write a bill of materials and return its text."""
    command = [sys.executable, "scripts/write_sbom.py", str(target)]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return target.read_text("utf-8")


def components(bill: str, kind: str) -> dict[str, Any]:
    """Return the components of a kind by name."""
    return {entry["name"]: entry for entry in json.loads(bill)["components"] if entry["type"] == kind}


def test_the_bill_of_materials_follows_its_schema_and_is_reproducible(bill: str, tmp_path: Path) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    assert json.loads(bill)["metadata"]["component"]["version"] == __version__
    assert written(tmp_path / "again.cdx.json") == bill


def test_the_bill_of_materials_lists_packages_and_weights_with_licences(bill: str) -> None:
    locked = (REPOSITORY / "requirements" / "install.txt").read_text("utf-8")
    packages = components(bill, "library")
    assert {*re.findall(r"^([\w.-]+)==", locked, re.MULTILINE), "react"} <= packages.keys()
    assert components(bill, "machine-learning-model").keys() == manifest().weights.keys()
    assert {name for name, entry in packages.items() if not entry.get("licenses")} <= WITHOUT_LICENCE
    assert all(entry["hashes"] for entry in json.loads(bill)["components"])


def test_the_bundle_of_the_console_has_the_licences_of_its_packages() -> None:
    if not BUILT.is_dir():
        pytest.skip("the console is not built; run make console")
    text = (BUILT / "licenses.md").read_text("utf-8")
    for package in ("react", "@mantine/core", "i18next"):
        assert package in text
    assert "Permission is hereby granted" in text
