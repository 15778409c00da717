"""The time of a request grows no faster than its text: for every text of every operation of the OpenAPI document."""

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from openfrs.api.app import create_routes
from openfrs.core import limits
from tests.support.in_process import InProcessServer, in_process

DOUBLINGS: Final = 3
MAX_GROWTH: Final = 2.0 ** (DOUBLINGS + 1)
"""Linear time grows by at most 8 in three doublings, quadratic time by 64."""

TRIES: Final = 4

PATTERNS: Final = (
    *(("", piece) for piece in ("\\", "[", '{"a":', ",", "9", " ", "1-", "a:1 && ", "!(", "é")),
    ('"', '\\"'),
    ("data:a/b", ";a"),
)
"""Texts as a head and a repeated piece: those that make expressions backtrack and parsers recurse."""


@dataclass(frozen=True)
class Place:
    """A place for a text in the requests of an operation."""

    method: str
    path: str
    kind: str
    name: str
    example: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.kind} {self.name}"


@cache
def places() -> list[Place]:
    """Return all places for a text. Paths of version 1 are those of version 2, and a parameter of paths is the same in all."""
    found = []
    for path, operations in create_routes().openapi()["paths"].items():
        for method, operation in operations.items() if not path.startswith("/v1/") else ():
            parameters = operation.get("parameters", ())
            found += [Place(method, path, parameter["in"], parameter["name"], None) for parameter in parameters]
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                schema = content["schema"]
                names = _names(schema) if kind == "application/json" else schema["properties"]
                found += [Place(method, path, kind, name, content.get("example", {})) for name in names]
    in_paths = {place.name: place for place in found if place.kind == "path"}
    return [place for place in found if in_paths.get(place.name, place) is place or place.kind != "path"]


def _names(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of all fields of a schema, those of nested objects included."""
    for name, field in schema.get("properties", {}).items():
        alternatives = [field, *field.get("anyOf", ())]
        nested = [each for each in alternatives if each.get("properties")]
        if not nested:
            yield prefix + name
        for each in nested:
            yield from _names(each, f"{prefix}{name}.")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """A service of its own, because some of the requests are failed logins."""
    with in_process(tmp_path_factory.mktemp("growth") / "data", rate=0, concurrent=0) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: InProcessServer) -> Iterator[httpx.Client]:
    with server.http() as http:
        fields = {"face_set_name": "a", "external_fields": {"a": {"type": "string"}}}
        http.post(f"/v2/{server.credentials['project_id']}/face-sets", json=fields).raise_for_status()
        yield http


def request(client: httpx.Client, project_id: str, place: Place, text: str) -> httpx.Request:
    """Return a request with a text in a place; everything else is from the document's example."""
    values = {"project_id": project_id, "face_set_name": "a", "user_id": "a", "access_key": "a", "session_id": "a"}
    query, headers, arguments = dict[str, str](), dict[str, str](), dict[str, Any]()
    match place.kind:
        case "path":
            values[place.name] = quote(text[: limits.MAX_REQUEST_LINE_BYTES // 4], safe="")
        case "query":
            query[place.name] = text[: limits.MAX_REQUEST_LINE_BYTES // 4]
        case "header":
            headers[place.name] = quote(text)
        case "application/json":
            arguments["json"] = with_text(place.example, place.name, text)
        case _:
            example = {key: _form_text(value) for key, value in place.example.items()}
            arguments["files"] = {key: (None, value) for key, value in {**example, place.name: text}.items()}
    path = place.path.format_map(values)
    return client.build_request(place.method.upper(), path, params=query, headers=headers, **arguments)


def _form_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def with_text(example: Any, name: str, text: str) -> Any:
    """Return a copy of a body with a text in place of a value; in an object or a list it is also a key or an element."""
    body = copy.deepcopy(example)
    *parents, last = name.split(".")
    inner = body
    for parent in parents:
        inner = inner.setdefault(parent, {})
    old = inner.get(last)
    inner[last] = {text: text} if isinstance(old, dict) else [text] if isinstance(old, list) else text
    return body


def growth(measured: Callable[[int], float], length: int) -> float:
    """Return how much the processor time of the longest text exceeds that of the shortest, in the best of several tries."""
    best = float("inf")
    for _ in range(TRIES):
        best = min(best, measured(length << DOUBLINGS) / max(measured(length), 0.0005))
        if best < MAX_GROWTH:
            break
    return best


def seconds(client: httpx.Client, sent: httpx.Request) -> float:
    """Return the processor time of this process for a request."""
    started = time.process_time()
    client.send(sent)
    return time.process_time() - started


@pytest.mark.parametrize("operation", sorted({f"{place.method} {place.path}" for place in places()}))
def test_time_grows_no_faster_than_a_text(server: InProcessServer, client: httpx.Client, operation: str) -> None:
    project_id = server.credentials["project_id"]
    length = limits.MAX_TEXT_LENGTH >> DOUBLINGS
    for place in [each for each in places() if f"{each.method} {each.path}" == operation]:
        for head, piece in PATTERNS:

            def measured(size: int, place: Place = place, head: str = head, piece: str = piece) -> float:
                text = (head + piece * size)[: size - 1]
                return seconds(client, request(client, project_id, place, text))

            assert growth(measured, length) < MAX_GROWTH, f"{place}: {head}{piece}…"
