"""Write a Postman collection of all operations, from the OpenAPI document; Bruno and Insomnia import it too.

The first request signs in with the variables ``user``, ``domain``, ``password`` and ``project_name`` and keeps the token and the id
of the project for all others, so that nothing else needs to be filled in.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from openfrs.api.app import create_routes

_VARIABLES: Final = {
    "endpoint": "http://127.0.0.1:8080",
    "user": "admin",
    "domain": "openfrs",
    "password": "",
    "project_name": "local",
    "project_id": "",
    "token": "",
}

_SIGN_IN: Final = {
    "auth": {
        "identity": {
            "methods": ["password"],
            "password": {"user": {"name": "{{user}}", "password": "{{password}}", "domain": {"name": "{{domain}}"}}},
        },
        "scope": {"project": {"name": "{{project_name}}"}},
    }
}

_TEMPORARY_KEY: Final = {
    "auth": {"identity": {"methods": ["token"], "token": {"id": "{{token}}", "duration_seconds": 900}}}
}

_BODIES: Final = {"createToken": _SIGN_IN, "createTemporaryKey": _TEMPORARY_KEY}
"""Bodies that need variables; others are the examples of the document."""

_KEEP_TOKEN: Final = [
    "if (pm.response.code === 201) {",
    "  pm.collectionVariables.set('token', pm.response.headers.get('X-Subject-Token'));",
    "  pm.collectionVariables.set('project_id', pm.response.json().token.project.id);",
    "}",
]


def collection(document: dict[str, Any]) -> dict[str, Any]:
    """Return the collection of a document, in version 2.1 of Postman's format: a folder for each tag."""
    folders: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            folders[operation["tags"][0]].append(_item(method, path, operation))
    folders["identity"].sort(key=lambda item: item["name"] != "createToken")
    return {
        "info": {
            "name": f"{document['info']['title']} {document['info']['version']}",
            "description": document["info"]["summary"],
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": {
            "type": "apikey",
            "apikey": [
                {"key": name, "value": value, "type": "string"}
                for name, value in (("key", "X-Auth-Token"), ("value", "{{token}}"), ("in", "header"))
            ],
        },
        "variable": [{"key": name, "value": value, "type": "string"} for name, value in _VARIABLES.items()],
        "item": [
            {"name": tag["name"], "description": tag["description"], "item": folders[tag["name"]]}
            for tag in document["tags"]
        ],
    }


def _item(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    parameters = operation.get("parameters", [])
    in_path = {each["name"]: str(each["example"]) for each in parameters if each["in"] == "path"}
    query = [
        {
            "key": each["name"],
            "value": str(each["example"]),
            "description": each["description"],
            "disabled": not each["required"],
        }
        for each in parameters
        if each["in"] == "query"
    ]
    if method == "delete" and query:
        query[0]["disabled"] = False  # one of several, none of which is required
    raw = re.sub(r"\{(\w+)\}", r":\1", path).replace(":project_id", "{{project_id}}")
    enabled = "&".join(f"{each['key']}={each['value']}" for each in query if not each["disabled"])
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation["description"],
        "header": [
            {"key": each["name"], "value": "{{token}}", "description": each["description"]}
            for each in parameters
            if each["in"] == "header"
        ],
        "url": {
            "raw": f"{{{{endpoint}}}}{raw}" + (f"?{enabled}" if enabled else ""),
            "host": ["{{endpoint}}"],
            "path": raw.removeprefix("/").split("/"),
            "query": query,
            "variable": [{"key": name, "value": value} for name, value in in_path.items() if name != "project_id"],
        },
    }
    if not operation.get("security"):
        request["auth"] = {"type": "noauth"}
    if (body := _body(operation)) is not None:
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(body, indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
        request["header"].append({"key": "Content-Type", "value": "application/json"})
    item = {"name": operation["operationId"], "request": request, "response": []}
    if operation["operationId"] == "createToken":
        script = {"type": "text/javascript", "exec": _KEEP_TOKEN}
        item["event"] = [{"listen": "test", "script": script}]
    return item


def _body(operation: dict[str, Any]) -> Any:
    if operation["operationId"] in _BODIES:
        return _BODIES[operation["operationId"]]
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


if __name__ == "__main__":
    text = json.dumps(collection(create_routes().openapi()), indent=1, ensure_ascii=False)
    Path(sys.argv[1]).write_text(text + "\n", "utf-8")
