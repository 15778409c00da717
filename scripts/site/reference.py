"""Reference pages generated from the program: HTTP interface, errors and commands."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from importlib import resources
from typing import Any

import click
import typer

Document = Mapping[str, Any]

_TITLES = {"frs": "FRS", "gateway": "API gateway", "iam": "IAM"}
_BODIES = {
    "frs": '`{"error_code": "…", "error_msg": "…"}`',
    "gateway": '`{"error_code": "…", "error_msg": "…", "request_id": "…"}`',
    "iam": '`{"error": {"code": status, "message": "…", "title": "…"}}`',
}


def interface(document: Document) -> str:
    """Return the page of all operations of an OpenAPI document, grouped by tag."""
    lines = [
        "# HTTP interface",
        "",
        "Generated from the OpenAPI document, which a running server has at `/openapi.json`; `/docs` is an interactive version.",
        "[Errors](errors.md) explains the error codes, [Accounts](../how-to/accounts.md) the authentication of requests.",
        "",
    ]
    tags: dict[str, list[tuple[str, str, Document]]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not _is_repeated(path, method, document):
                tags[operation.get("tags", ["other"])[0]].append((path, method, operation))
    for tag in sorted(tags):
        lines += [f"## {tag[0].upper()}{tag[1:]}", ""]
        for path, method, operation in tags[tag]:
            lines += [*_operation(path, method, operation, document), ""]
    return "\n".join(lines)


def _is_repeated(path: str, method: str, document: Document) -> bool:
    """Return True for an operation under /v1 that is described with the same one under /v2."""
    return path.startswith("/v1/") and method in document["paths"].get(_v2_path(path), {})


def _v2_path(path: str) -> str:
    return path.replace("/v1/", "/v2/", 1)


def _operation(path: str, method: str, operation: Document, document: Document) -> Iterator[str]:
    yield f"### {operation['summary']}"
    yield ""
    both = path.startswith("/v2/") and method in document["paths"].get(path.replace("/v2/", "/v1/", 1), {})
    yield f"`{method.upper()} {path}`{', and the same under `/v1`' if both else ''}"
    yield ""
    if operation.get("description"):
        yield operation["description"].strip()
        yield ""
    parameters = operation.get("parameters", [])
    if parameters:
        yield from _table(("parameter", "in", "type", "description"), map(_parameter, parameters))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        fields = list(_fields(content.get("schema", {}), document))
        if fields:
            yield from _table((f"body, `{kind}`", "type", "description"), fields)
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield from _response(status, response, document)
    errors = [status for status in operation["responses"] if not status.startswith("2")]
    if errors:
        yield f"Errors: {'; '.join(_error(status, operation['responses'][status], document) for status in errors)}."


def _parameter(parameter: Document) -> tuple[str, ...]:
    name = f"`{parameter['name']}`{'' if parameter.get('required') else ' (optional)'}"
    return name, parameter["in"], _type(parameter.get("schema", {})), parameter.get("description", "")


def _response(status: str, response: Document, document: Document) -> Iterator[str]:
    response = _resolved(response, document)
    fields = [
        field
        for content in response.get("content", {}).values()
        for field in _fields(content.get("schema", {}), document)
    ]
    yield f"Response: {status} {HTTPStatus(int(status)).phrase}{'' if fields else ', without a fixed set of keys'}"
    yield ""
    if fields:
        yield from _table(("response", "type", "description"), fields)


def _error(status: str, response: Document, document: Document) -> str:
    text = " ".join(_resolved(response, document).get("description", "").split())
    return f"{status} {text.removeprefix('Refused: ')}".strip().rstrip(".")


def _resolved(value: Document, document: Document) -> Document:
    while "$ref" in value:
        at: Any = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        value = at
    return value


def _fields(schema: Document, document: Document, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, ...]]:
    """Yield a row for each key of an object, including the keys of nested objects."""
    schema = _object_in(_resolved(schema, document), document)
    for name, field in schema.get("properties", {}).items():
        target = _resolved(field, document)
        title = f"`{prefix}{name}`{'' if name in schema.get('required', ()) else ' (optional)'}"
        yield title, _type(field), " ".join((field.get("description") or target.get("description") or "").split())
        inner = _object_in(target, document)
        if inner.get("properties") and depth < 3:
            listed = "[]" if target.get("type") == "array" else ""
            yield from _fields(inner, document, f"{prefix}{name}{listed}.", depth + 1)


def _object_in(schema: Document, document: Document) -> Document:
    """Return the schema of the objects in a list or among alternatives."""
    if schema.get("type") == "array":
        return _object_in(_resolved(schema.get("items", {}), document), document)
    for choice in schema.get("anyOf", schema.get("allOf", ())):
        candidate = _object_in(_resolved(choice, document), document)
        if candidate.get("properties"):
            return candidate
    return schema


def _type(schema: Document) -> str:
    if "$ref" in schema:
        return "object"
    choices = [_type(choice) for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if choices:
        return " or ".join(dict.fromkeys(choices))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return "file" if schema.get("format") == "binary" else str(schema.get("type", "any"))


def _table(head: tuple[str, ...], rows: Any) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def errors() -> str:
    """Return the page of all errors, in the order of the catalogue."""
    lines = [
        "# Errors",
        "",
        "The error catalogue. `{}` stands for details of the request; codes with *raised* no are not used by OpenFRS.",
        "",
    ]
    rows = list(csv.DictReader(resources.files("openfrs.core").joinpath("errors.csv").read_text("utf-8").splitlines()))
    for envelope, title in _TITLES.items():
        lines += [f"## {title}", "", f"Body: {_BODIES[envelope]}", ""]
        cells = [
            (f"`{row['code']}`", row["status"], row["raised"], row["message"])
            for row in rows
            if row["envelope"] == envelope
        ]
        lines += _table(("code", "status", "raised", "message"), cells)
    return "\n".join(lines)


def commands(app: typer.Typer) -> str:
    """Return the page of all commands with their arguments and options."""
    lines = [
        "# Commands",
        "",
        "The same text as `--help`. Options override environment variables and the settings file, see [Settings](settings.md).",
        "",
    ]
    for path, command in leaves(typer.main.get_command(app), ("openfrs",)):
        lines += [f"## {' '.join(path)}", "", (command.help or "").strip(), ""]
        with click.Context(command, info_name=" ".join(path)) as context:
            usage = " ".join(command.collect_usage_pieces(context))
            lines += ["```text", f"{' '.join(path)} {usage}".rstrip(), "```", ""]
            rows = [(f"`{'`, `'.join(names)}`", text) for names, text in _parameters(command, context)]
        if rows:
            lines += _table(("argument or option", "description"), rows)
    return "\n".join(lines)


def leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that is not a group, with the words that invoke it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name in inner:
        yield from leaves(command.get_command(None, name), (*path, name))


def _parameters(command: Any, context: click.Context) -> Iterator[tuple[list[str], str]]:
    for parameter in command.get_params(context):
        if parameter.name == "help":
            continue
        names = [*parameter.opts, *parameter.secondary_opts]
        if parameter.param_type_name == "argument":
            names = [parameter.name.upper()]
        default = parameter.show_default if isinstance(getattr(parameter, "show_default", None), str) else ""
        yield names, f"{parameter.help or ''}{f' Default: {default}.' if default else ''}"
