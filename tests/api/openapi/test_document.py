"""The OpenAPI document."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema_rs
import openapi_spec_validator
import pytest

from openfrs.api.app import create_routes
from openfrs.api.openapi.field_schemas import ATTRIBUTE_CODES
from openfrs.core.errors import catalogue
from openfrs.recognition.attributes import V1_CODES, V2_CODES
from tests.support.servers import REPOSITORY, Server


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    document: dict[str, Any] = server.anonymous.get("/openapi.json").json()
    return document


def test_the_document_is_rendered_once() -> None:
    """Not even requests at the same time render it again: rendering takes long, and occupies a thread."""
    app = create_routes()
    read, reads = app.openapi, []

    def counted() -> dict[str, Any]:
        reads.append(1)
        return read()

    app.openapi = counted  # type: ignore[method-assign]

    async def request() -> set[bytes]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            responses = await asyncio.gather(*[client.get("/openapi.json") for _ in range(20)])
        return {response.content for response in responses}

    (content,) = asyncio.run(request())
    assert json.loads(content)["openapi"]
    assert len(reads) == 1


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation with its method and path."""
    for path, by_method in document["paths"].items():
        for method, operation in by_method.items():
            yield f"{method} {path}", operation


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    openapi_spec_validator.validate(document, cls=openapi_spec_validator.OpenAPIV31SpecValidator)


def test_every_operation_has_one_described_tag_and_describes_its_parts(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    used = set()
    for name, operation in operations(document):
        (tag,) = operation["tags"]
        used.add(tag)
        assert operation["summary"], name
        assert operation["description"].endswith((".", ":")), name
        assert all(parameter["description"] for parameter in operation.get("parameters", ())), name
        succeeded = [response for status, response in operation["responses"].items() if status < "3"]
        assert [each["description"] for each in succeeded if each["description"] != "Successful Response"], name
    assert used == tags


def test_every_error_response_is_one_of_the_envelopes_with_the_headers_that_a_client_reads(
    document: dict[str, Any],
) -> None:
    """A generated client types every error, and finds the request id and the time of the next try."""
    shared = document["components"]["responses"]
    envelopes = ({"error_code", "error_msg"}, {"error_code", "error_msg", "request_id"}, {"error"})
    for name, operation in operations(document):
        refused = {status: response for status, response in operation["responses"].items() if status > "3"}
        assert refused, name
        for status, response in refused.items():
            target = shared[response["$ref"].rpartition("/")[2]]
            headers = {"X-Request-Id", "Retry-After"} if status in {"429", "503"} else {"X-Request-Id"}
            assert set(target["headers"]) == headers, (name, status)
            (content,) = target["content"].values()
            for schema in content["schema"].get("oneOf", [content["schema"]]):
                assert set(schema["required"]) in envelopes, (name, status)
                assert not schema["additionalProperties"], (name, status)


def test_every_raised_error_is_documented(document: dict[str, Any]) -> None:
    """The document lists exactly the errors that the sources raise."""
    keys = "|".join(map(re.escape, sorted(catalogue(), key=len, reverse=True)))
    sources = (path for path in (REPOSITORY / "src").rglob("*.py") if path.name != "refusals.py")
    code = (
        re.sub(r"refuses\w*\([^()]*\)|^_OF_USER = .*$", "", path.read_text(), flags=re.MULTILINE) for path in sources
    )
    raised = {key for text in code for key in re.findall(f'"({keys})"', text)}
    documented = {
        key.replace("-", "/")
        for response in document["components"]["responses"].values()
        for content in response["content"].values()
        for key in content["examples"]
    }
    assert documented == raised


def examples(document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every example with the path of its schema."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation_path = ("paths", path, method)
            for number, parameter in enumerate(operation.get("parameters", ())):
                yield (*operation_path, "parameters", str(number), "schema"), parameter["example"]
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                yield (*operation_path, "requestBody", "content", kind, "schema"), content["example"]
            for status, response in operation["responses"].items():
                for kind, content in response.get("content", {}).items() if status < "3" else ():
                    yield (*operation_path, "responses", status, "content", kind, "schema"), content["example"]
    for name, response in document["components"]["responses"].items():
        for kind, content in response["content"].items():
            for example in content["examples"].values():
                yield ("components", "responses", name, "content", kind, "schema"), example["value"]


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    registry = jsonschema_rs.Registry([("urn:document", document)])
    all_examples = list(examples(document))
    assert len(all_examples) > 300
    for path, example in all_examples:
        pointer = "/".join(quote(step.replace("~", "~0").replace("/", "~1")) for step in path)
        validator = jsonschema_rs.validator_for({"$ref": f"urn:document#/{pointer}"}, registry=registry)
        assert [error.message for error in validator.iter_errors(example)] == [], path


def test_operation_ids_are_names_in_camel_case(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert {"compareFaces", "compareFacesV1", "detectFaces", "searchFaces", "createToken"} <= set(ids)
    assert all(re.fullmatch(r"[a-z]+(?:[A-Z][a-z]*)*(?:V1)?", each) for each in ids), ids


def test_attribute_codes_are_an_enumeration_with_names(document: dict[str, Any]) -> None:
    code = document["components"]["schemas"]["AttributeCode"]
    assert code["enum"] == [*{**V1_CODES, **V2_CODES}] == [*ATTRIBUTE_CODES]
    assert len(code["x-enum-varnames"]) == len(code["x-enum-descriptions"]) == len(code["enum"])
    for version in ("v1", "v2"):
        operation = document["paths"][f"/{version}/{{project_id}}/face-detect"]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]["attributes"]
        assert "0 head pose (v1), 1 gender, 2 age" in schema["description"]
        assert code in [each["contentSchema"]["items"] for each in schema["anyOf"] if "contentSchema" in each]
