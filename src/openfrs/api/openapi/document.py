"""The OpenAPI document, completed by the parts that FastAPI cannot read from the routes."""

import asyncio
import json
from typing import Any, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from openfrs.api.requests.body import Input

from .examples import add_examples
from .field_schemas import ATTRIBUTE_CODE
from .refusals import Responses, share_refusals
from .tags import TAGS

_SIGNATURE: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "A signature with an access key: `SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application."""
    if app.openapi_schema is None:
        _complete(FastAPI.openapi(app))
    return FastAPI.openapi(app)


def serve_document(app: FastAPI) -> None:
    """Serve the document from memory, in place of FastAPI's route, which renders it for every request."""
    assert app.openapi_url is not None
    app.router.routes[:] = [route for route in app.routes if getattr(route, "path", None) != app.openapi_url]
    rendered, rendering = b"", asyncio.Lock()

    @app.get(app.openapi_url, include_in_schema=False)
    async def openapi() -> Response:
        nonlocal rendered
        if not rendered:
            async with rendering:  # once, because it takes long and occupies a thread
                rendered = rendered or await run_in_threadpool(render)
        return Response(rendered, media_type="application/json")

    def render() -> bytes:
        return json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()


def _complete(document: dict[str, Any]) -> None:
    """Add the parts that routes do not declare: tags, signatures, descriptions, examples, and closed response schemas."""
    components = document["components"]
    document["info"]["license"] = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
    document["servers"] = [{"url": "/", "description": "The server of this document."}]
    document["tags"] = TAGS
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("security"):
                operation["security"].append({"Signature": []})
            operation["responses"].pop("422", None)  # FastAPI's own validation error, which no route responds with
            operation["summary"] = operation["summary"].capitalize()
            _describe_success(operation["responses"], components["schemas"])
            add_examples(method, path, operation)
    share_refusals(document)
    components["securitySchemes"]["Signature"] = _SIGNATURE
    components["schemas"]["AttributeCode"] = ATTRIBUTE_CODE
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    for schema in components["schemas"].values():
        _close(schema)


def _describe_success(responses: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Describe a success response by the model of its body, in place of FastAPI's constant."""
    for status, response in responses.items():
        if status.startswith("2") and response["description"] == "Successful Response":
            content: dict[str, Any] = next(iter(response.get("content", {}).values()), {})
            model = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            text = schemas.get(model, {}).get("description", "Done." if content else "Done; the response has no body.")
            response["description"] = text.split("\n")[0]


def _close(schema: dict[str, Any]) -> None:
    """Forbid additional keys, and ``null`` for optional ones: responses leave those out instead."""
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    if properties:
        schema["additionalProperties"] = False
    for name in properties.keys() - {*schema.get("required", ())}:
        others = [each for each in properties[name].pop("anyOf", ()) if each != {"type": "null"}]
        if others:
            properties[name].update(others[0] if len(others) == 1 else {"anyOf": others})


def body_of(model: type[Input], *, multipart: bool = True, required: bool = True) -> dict[str, Any]:
    """Return the request body of an operation: JSON and, with ``multipart``, a form."""
    schema = _inlined(model)
    fields = schema["properties"]
    as_json = {**schema, "properties": {name: field for name, field in fields.items() if not name.endswith("_file")}}
    content = {"application/json": {"schema": as_json}}
    if multipart:
        files = {name: {"type": "string", "format": "binary"} for name in fields if name.endswith("_file")}
        texts = {name: field for name, field in fields.items() if not name.endswith(("_file", "_base64", "_url"))}
        content["multipart/form-data"] = {"schema": {**schema, "properties": {**texts, **files}}}
    return {"requestBody": {"required": required, "content": content}}


def query_of(model: type[Input]) -> dict[str, Any]:
    """Return the query parameters of an operation."""
    schema = _inlined(model)
    required = schema.get("required", ())
    parameters = list[dict[str, Any]]()
    for name, field in schema["properties"].items():
        parameter = {"name": name, "in": "query", "required": name in required}
        if description := field.pop("description", None):
            parameter["description"] = description
        parameters.append({**parameter, "schema": field})
    return {"parameters": parameters}


def header(name: str, description: str, *, required: bool = True) -> dict[str, Any]:
    """Return the parameter for a request header."""
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


def returns_header(header_name: str, description: str, status: int) -> Responses:
    """Return the success response of an operation that sends a header."""
    return {status: {"headers": {header_name: {"description": description, "schema": {"type": "string"}}}}}


def _inlined(model: type[Input]) -> dict[str, Any]:
    """Return the model's schema with its definitions in place: a reference would be resolved against the whole document.

    It has no titles: code generators name types by them, and a definition can occur twice.
    """
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inline(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return inline(definitions[value["$ref"].removeprefix("#/$defs/")])
            return {key: inline(each) for key, each in value.items() if not (key == "title" and isinstance(each, str))}
        return [inline(each) for each in value] if isinstance(value, list) else value

    resolved: dict[str, Any] = inline(schema)
    return resolved
