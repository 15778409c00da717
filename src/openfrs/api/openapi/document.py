"""The API's document: requests that the routes read themselves, refusals, credentials, examples, answers without ``null``."""

from typing import Any, Final

from fastapi import FastAPI

from openfrs.api.requests.body import Input

from .examples import add_examples
from .refusals import refusals_of, responses

_SIGNED: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "A signature with an access key: `SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an application, whole: what all its routes take and can answer."""
    if app.openapi_schema is None:
        complete(FastAPI.openapi(app))
    return FastAPI.openapi(app)


def complete(document: dict[str, Any]) -> None:
    """Add to a document what the routes do not declare: examples, credentials, refusals, and that answers hold nothing else."""
    components, shared = document["components"], dict[str, Any]()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("security"):
                operation["security"].append({"Signature": []})
            operation["responses"].pop("422", None)  # FastAPI's own, which is never the answer
            add_examples(method, path, operation)
            for status, response in responses(refusals_of(method, path, operation)).items():
                operation["responses"][status] = {"$ref": f"#/components/responses/{_name(shared, status, response)}"}
    components["responses"] = shared
    components["securitySchemes"]["Signature"] = _SIGNED
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    for schema in components["schemas"].values():
        _exact(schema)


def _name(shared: dict[str, Any], status: str, response: dict[str, Any]) -> str:
    """Name of a response among the shared ones, to which it is added if no operation had it before."""
    alike = [name for name in shared if name.startswith(f"Refused{status}_")]
    for name in alike:
        if shared[name] == response:
            return name
    name = f"Refused{status}_{len(alike) + 1}"
    shared[name] = response
    return name


def _exact(schema: dict[str, Any]) -> None:
    """An answer has no other keys, and one that may be left out is left out rather than ``null``."""
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    if properties:
        schema["additionalProperties"] = False
    for name in properties.keys() - {*schema.get("required", ())}:
        others = [each for each in properties[name].pop("anyOf", ()) if each != {"type": "null"}]
        if others:
            properties[name].update(others[0] if len(others) == 1 else {"anyOf": others})


def body_of(model: type[Input], *, multipart: bool = True) -> dict[str, Any]:
    """The request body of an operation, as JSON and, where it takes one, as a multipart form."""
    schema = _inlined(model)
    fields = schema["properties"]
    as_json = {**schema, "properties": {name: field for name, field in fields.items() if not name.endswith("_file")}}
    content = {"application/json": {"schema": as_json}}
    if multipart:
        files = {name: {"type": "string", "format": "binary"} for name in fields if name.endswith("_file")}
        texts = {name: field for name, field in fields.items() if not name.endswith(("_file", "_base64", "_url"))}
        content["multipart/form-data"] = {"schema": {**schema, "properties": {**texts, **files}}}
    return {"requestBody": {"required": True, "content": content}}


def query_of(model: type[Input]) -> dict[str, Any]:
    """The query parameters of an operation."""
    schema = _inlined(model)
    required = schema.get("required", ())
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in required, "schema": field}
            for name, field in schema["properties"].items()
        ]
    }


def header(name: str, description: str, *, required: bool = True) -> dict[str, Any]:
    """A header that an operation reads."""
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


def answers_with(header_name: str, description: str, status: int) -> dict[int | str, dict[str, Any]]:
    """A header of an operation's success."""
    return {status: {"headers": {header_name: {"description": description, "schema": {"type": "string"}}}}}


def _inlined(model: type[Input]) -> dict[str, Any]:
    """The model's schema with each definition where it is referred to: a reference would be looked for in the whole document."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inline(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return inline(definitions[value["$ref"].removeprefix("#/$defs/")])
            return {key: inline(each) for key, each in value.items()}
        return [inline(each) for each in value] if isinstance(value, list) else value

    resolved: dict[str, Any] = inline(schema)
    return resolved
