"""The Postman collection that a script generates from the OpenAPI document."""

import json
import re
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from openfrs.api.app import create_routes
from tests.support.in_process import InProcessServer, in_process
from tests.support.servers import REPOSITORY

MALFORMED = re.compile(r'"(APIG\.0101|APIG\.0301|FRS\.0002|FRS\.0011|FRS\.0014|FRS\.0028)"')
"""Errors of requests without operation, token, parameter or project."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_routes().openapi()


@pytest.fixture(scope="module")
def collection(document: dict[str, Any]) -> dict[str, Any]:
    generated: dict[str, Any] = runpy.run_path(str(REPOSITORY / "scripts" / "write_collection.py"))["collection"](
        document
    )
    return generated


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[InProcessServer]:
    with in_process(tmp_path / "data") as server:
        yield server


def items(collection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for folder in collection["item"]:
        assert folder["description"]
        yield from folder["item"]


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Replace the variables of a text; an unknown one is an error."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: variables[match[1]], text)


def send(client: httpx.Client, request: dict[str, Any], variables: Mapping[str, str]) -> httpx.Response:
    """Send a request as Postman does."""
    url = request["url"]
    values = {each["key"]: each["value"] for each in url["variable"]}
    path = "/".join(values[part[1:]] if part.startswith(":") else filled(part, variables) for part in url["path"])
    headers = {each["key"]: filled(each["value"], variables) for each in request["header"]}
    if "auth" not in request:
        headers["X-Auth-Token"] = variables["token"]
    body = filled(request["body"]["raw"], variables) if "body" in request else None
    query = {each["key"]: each["value"] for each in url["query"] if not each["disabled"]}
    return client.request(request["method"], f"/{path}", params=query, headers=headers, content=body)


def test_it_has_every_operation_once(document: dict[str, Any], collection: dict[str, Any]) -> None:
    operations = [each["operationId"] for methods in document["paths"].values() for each in methods.values()]
    assert sorted(item["name"] for item in items(collection)) == sorted(operations)
    assert next(items(collection))["name"] == "createToken"


def test_its_first_request_signs_in_for_all_others(own_server: InProcessServer, collection: dict[str, Any]) -> None:
    """Every request finds its operation, with a body that is well-formed."""
    variables = {each["key"]: each["value"] for each in collection["variable"]}
    variables |= {name: own_server.credentials[name] for name in ("user", "domain", "password", "project_name")}
    with own_server.client() as client:
        for item in items(collection):
            if item["name"] == "createToken":
                (event,) = item["event"]
                script = "\n".join(event["script"]["exec"])
                response = send(client, item["request"], variables)
                assert response.status_code == 201
                assert "X-Subject-Token" in script
                assert "token.project.id" in script
                variables["token"] = response.headers["X-Subject-Token"]
                variables["project_id"] = response.json()["token"]["project"]["id"]
            elif item["name"] != "revokeToken":
                response = send(client, item["request"], variables)
                assert not MALFORMED.search(response.text), item["name"]
                assert response.status_code != 401 or item["name"] == "changePassword", (item["name"], response.text)


def test_its_parts_are_those_of_the_format(collection: dict[str, Any]) -> None:
    assert json.loads(json.dumps(collection)) == collection
    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    for item in items(collection):
        url = item["request"]["url"]
        assert url["raw"].startswith("{{endpoint}}/")
        assert set(url) == {"raw", "host", "path", "query", "variable"}
        assert {part[1:] for part in url["path"] if part.startswith(":")} == {each["key"] for each in url["variable"]}
