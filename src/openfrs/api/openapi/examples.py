"""Examples for the API's document: ``examples.json`` has a request and an answer for every operation.

A path under ``/v1`` that has no row is as the one under ``/v2``. Parameters are the same everywhere, unless a row has its own.
"""

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def _table() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = json.loads(
        (resources.files("openfrs.api.openapi") / "examples.json").read_text("utf-8")
    )
    return table


def add_examples(method: str, path: str, operation: dict[str, Any]) -> None:
    """Give an operation of the document an example of each parameter, of its body, and of its success, where the table has one."""
    table = _table()
    here = f"{method.upper()} {path}"
    row = table.get(here, table.get(here.replace("/v1/", "/v2/", 1), {}))
    for parameter in operation.get("parameters", ()):
        _show(parameter, table["parameters"] | row.get("parameters", {}), parameter["name"])
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        _show(content, {"body": _form(row["body"])} if kind == "multipart/form-data" and "body" in row else row, "body")
    for status, response in operation["responses"].items():
        for content in response.get("content", {}).values() if status.startswith("2") else ():
            _show(content, row, "answer")


def _show(where: dict[str, Any], values: dict[str, Any], name: str) -> None:
    if name in values:
        where["example"] = values[name]


def _form(body: dict[str, Any]) -> dict[str, Any]:
    """A body as a form has it: files in place of their base64."""
    files = _table()["files"]
    named = ((name.replace("_base64", "_file"), value) for name, value in body.items())
    return {name: files.get(name, value) for name, value in named}
