"""OpenAPI fragments for requests that the routes read themselves."""

from typing import Any

from .body import Input


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
