"""Examples for the OpenAPI document, from ``examples.json``: a request and a response for every operation.

A path under ``/v1`` without a row uses the row of the same path under ``/v2``. A row may override examples of parameters.
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
    """Add the table's examples to an operation: of each parameter, the body and the success response."""
    table = _table()
    key = f"{method.upper()} {path}"
    row = table.get(key, table.get(key.replace("/v1/", "/v2/", 1), {}))
    for parameter in operation.get("parameters", ()):
        _set_example(parameter, table["parameters"] | row.get("parameters", {}), parameter["name"])
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        _set_example(
            content, {"body": _form(row["body"])} if kind == "multipart/form-data" and "body" in row else row, "body"
        )
    for status, response in operation["responses"].items():
        for content in response.get("content", {}).values() if status.startswith("2") else ():
            _set_example(content, row, "response")


def _set_example(target: dict[str, Any], values: dict[str, Any], name: str) -> None:
    if name in values:
        target["example"] = values[name]


def _form(body: dict[str, Any]) -> dict[str, Any]:
    """Convert a JSON body to a form: files in place of their base64."""
    files = _table()["files"]
    parts = ((name.replace("_base64", "_file"), value) for name, value in body.items())
    return {name: files.get(name, value) for name, value in parts}
