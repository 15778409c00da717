"""The pages that are read off the program itself: its HTTP interface, its errors, its command."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from importlib import resources
from typing import Any

import click
import typer

Document = Mapping[str, Any]

_TITLES = {"frs": "FRS", "gateway": "The gateway", "iam": "IAM"}
_BODIES = {
    "frs": '`{"error_code": "…", "error_msg": "…"}`',
    "gateway": '`{"error_code": "…", "error_msg": "…", "request_id": "…"}`',
    "iam": '`{"error": {"code": status, "message": "…", "title": "…"}}`',
}


def interface(document: Document) -> str:
    """The page of every operation of an OpenAPI document, by its tag."""
    lines = [
        "# HTTP interface",
        "",
        "Read off the service's own OpenAPI document, which a running server has at `/openapi.json`; at `/docs` it can be tried.",
        "What each refusal means is in [Errors](errors.md); how requests are authenticated in [Accounts](accounts.md).",
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
    """Whether it is the same operation as the one under /v2, which tells of both."""
    return path.startswith("/v1/") and method in document["paths"].get(_of_v2(path), {})


def _of_v2(path: str) -> str:
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
        yield from _table(("parameter", "in", "type", "what it is"), map(_parameter, parameters))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        fields = list(_fields(content.get("schema", {}), document))
        if fields:
            yield from _table((f"key of the body, `{kind}`", "type", "what it is"), fields)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from _answer(status, answer, document)
    refusals = [status for status in operation["responses"] if not status.startswith("2")]
    if refusals:
        yield f"Refusals: {'; '.join(_refusal(status, operation['responses'][status], document) for status in refusals)}."


def _parameter(parameter: Document) -> tuple[str, ...]:
    name = f"`{parameter['name']}`{'' if parameter.get('required') else ' (optional)'}"
    return name, parameter["in"], _type(parameter.get("schema", {})), parameter.get("description", "")


def _answer(status: str, answer: Document, document: Document) -> Iterator[str]:
    answer = _resolved(answer, document)
    fields = [
        field for each in answer.get("content", {}).values() for field in _fields(each.get("schema", {}), document)
    ]
    yield f"Answer: {status} {HTTPStatus(int(status)).phrase}{'' if fields else ', without keys of its own'}"
    yield ""
    if fields:
        yield from _table(("key of the answer", "type", "what it is"), fields)


def _refusal(status: str, answer: Document, document: Document) -> str:
    text = " ".join(_resolved(answer, document).get("description", "").split())
    return f"{status} {text.removeprefix('Refused: ')}".strip().rstrip(".")


def _resolved(value: Document, document: Document) -> Document:
    while "$ref" in value:
        at: Any = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        value = at
    return value


def _fields(schema: Document, document: Document, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The keys of an object with those of the objects in it, as rows."""
    schema = _object_in(_resolved(schema, document), document)
    for name, field in schema.get("properties", {}).items():
        whole = _resolved(field, document)
        title = f"`{prefix}{name}`{'' if name in schema.get('required', ()) else ' (optional)'}"
        yield title, _type(field), " ".join((field.get("description") or whole.get("description") or "").split())
        inner = _object_in(whole, document)
        if inner.get("properties") and depth < 3:
            listed = "[]" if whole.get("type") == "array" else ""
            yield from _fields(inner, document, f"{prefix}{name}{listed}.", depth + 1)


def _object_in(schema: Document, document: Document) -> Document:
    """The object that a list holds, or that stands among alternatives."""
    if schema.get("type") == "array":
        return _object_in(_resolved(schema.get("items", {}), document), document)
    for choice in schema.get("anyOf", schema.get("allOf", ())):
        found = _object_in(_resolved(choice, document), document)
        if found.get("properties"):
            return found
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
    """The page of every error that a client may be told, in the order of the catalogue."""
    lines = ["# Errors", "", "Every refusal comes from one catalogue; `{}` stands for what is said of the request.", ""]
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
    """The page of every command with its arguments and options."""
    lines = [
        "# Command",
        "",
        "What `--help` says of each. Options win over the environment and the file, see [Settings](settings.md).",
        "",
    ]
    for path, command in leaves(typer.main.get_command(app), ("openfrs",)):
        lines += [f"## {' '.join(path)}", "", (command.help or "").strip(), ""]
        with click.Context(command, info_name=" ".join(path)) as context:
            usage = " ".join(command.collect_usage_pieces(context))
            lines += ["```text", f"{' '.join(path)} {usage}".rstrip(), "```", ""]
            rows = [(f"`{'`, `'.join(names)}`", text) for names, text in _parameters(command, context)]
        if rows:
            lines += _table(("argument or option", "what it is"), rows)
    return "\n".join(lines)


def leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that name it."""
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
