"""The operations of the OpenAPI document and the views of the console that use them."""

import csv
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from openfrs.api.app import create_routes
from tests.support.servers import REPOSITORY

SOURCES = REPOSITORY / "console" / "src"
TABLE = Path(__file__).with_name("operations.csv")
UNDOCUMENTED = {"/x/v1/console-session"}
"""Paths for the console alone."""

METHODS = ("get", "post", "put", "delete")


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Return method and path of each operation of the document."""
    paths: dict[str, dict[str, Any]] = create_routes().openapi()["paths"]
    return {
        operation["operationId"]: (method, path)
        for path, item in paths.items()
        for method, operation in item.items()
        if method in METHODS
    }


def rows() -> list[dict[str, str]]:
    """Return the table: for each operation the source file that uses it, or the reason why none does."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def normalised(path: str) -> str:
    """Return a path or a template of one with ``{}`` for each part that varies, without its query."""
    path = re.sub(r"\$?\{(?:[^{}]|\{[^{}]*\})*\}", "{}", path)
    return re.sub(r"^/v[12](?=/\{\})", "/{}", path.partition("?")[0])


def paths_in(source: Path) -> set[str]:
    """Return the paths of the service in a source file, normalised."""
    texts = re.findall(
        r"""['`](?:\$\{window\.location\.origin\})?(/(?:\$\{version\}|v[123]|v3\.0|x|health|ready)[^'`]*)['`]""",
        source.read_text("utf-8"),
    )
    return {normalised(text) for text in texts}


def test_every_operation_of_the_document_has_a_row() -> None:
    listed = [row["operation"] for row in rows()]
    assert sorted(listed) == sorted(operations())


def test_an_operation_is_used_by_a_view_or_has_a_reason() -> None:
    for row in rows():
        assert bool(row["source"]) != bool(row["reason"]), row


@pytest.mark.parametrize("row", [row for row in rows() if row["source"]], ids=lambda row: row["operation"])
def test_the_source_uses_the_operation(row: dict[str, str]) -> None:
    method, path = operations()[row["operation"]]
    source = SOURCES / row["source"]
    assert normalised(path) in paths_in(source)
    text = source.read_text("utf-8")
    if path.startswith(("/v1/", "/v2/", "/x/")) and method != "post":
        assert re.search(rf"\.{method.upper()}\(|authorizedFetch\(|method: '{method.upper()}'|sendRequest\(", text)


def test_no_view_uses_a_path_that_the_service_does_not_have() -> None:
    known = {normalised(path) for _, path in operations().values()} | UNDOCUMENTED
    sources = [path for path in SOURCES.rglob("*.ts*") if ".test." not in path.name and path.name != "schema.d.ts"]
    unknown = {path.name: paths_in(path) - known for path in sources if paths_in(path) - known}
    assert unknown == {}
