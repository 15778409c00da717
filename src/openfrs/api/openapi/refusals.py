"""Error responses of routes, for the OpenAPI document: each route names the keys of the catalogue it can respond with."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from openfrs.core.errors import Entry, Envelope, ServiceError, catalogue, render

_HEADERS: Final = {
    "X-Request-Id": {"description": "The id of the request, as in the server's log.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds after which the same request may succeed.",
        "schema": {"type": "integer", "minimum": 0},
    },
}

_RETRIED: Final = frozenset({429, 503})

Keys = tuple[str, ...]
Responses = dict[int | str, dict[str, Any]]
"""Responses by status, as FastAPI's ``responses=`` takes them."""

QUERY: Final[Keys] = ("FRS.0011", "FRS.0012")
"""Errors of a route that reads query parameters."""

BODY: Final[Keys] = (*QUERY, "FRS.0014")
"""Errors of a route that reads a body."""

_UPLOAD: Final[Keys] = (
    *(*BODY, "FRS.0017"),
    *("FRS.0020", "FRS.0020/url", "FRS.0021", "FRS.0022", "FRS.0023", "FRS.0024", "FRS.0027", "FRS.0035", "FRS.0036"),
)

IMAGE: Final[Keys] = (*_UPLOAD, "FRS.0018/503", "FRS.0013", "FRS.0015", "FRS.0015/base64", "FRS.0016")
"""Errors of a route that takes an image."""

VIDEO: Final[Keys] = (*_UPLOAD, "FRS.0018/503", "FRS.0701", "FRS.0701/base64", "FRS.0706")
"""Errors of a route that takes a video."""

FACE_SET: Final[Keys] = ("FRS.0302", "APIG.0201/503")
"""Errors of a route whose path names a face set."""

_HTTP: Final[Keys] = ("APIG.0201/400", "APIG.0201/414", "APIG.0201/494")
"""Errors that the server responds with before it knows the route."""

_PROJECT: Final[Keys] = (
    *("APIG.0101", "APIG.0201/413", "APIG.0201/415", "FRS.0018"),
    *("APIG.0301", "APIG.0302", "APIG.0310", "FRS.0002", "FRS.0002/401", "FRS.0028", "FRS.0033"),
)
"""Errors common to all routes of a project: no such route, a large or compressed body, access, quota and internal errors."""

_IAM: Final[Keys] = ("IAM.400", "IAM.401", "IAM.413", "IAM.415", "IAM.429", "IAM.500", "IAM.503")


def refuses(*keys: str) -> Responses:
    """Return the error responses of a route of a project: those with ``keys`` and those common to all such routes."""
    return _responses({*_HTTP, *_PROJECT, *keys})


def refuses_in_iam(*keys: str) -> Responses:
    """Return the error responses of an IAM route."""
    return _responses({*_HTTP, *_IAM, *keys})


def refuses_without_project(*keys: str) -> Responses:
    """Return the error responses of a route that needs neither a token nor a project."""
    return _responses({*_HTTP, *keys})


def share_refusals(document: dict[str, Any]) -> None:
    """Move the error responses of all operations to the document's components, each distinct one once."""
    shared = document["components"].setdefault("responses", {})
    document["components"]["headers"] = _HEADERS
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "3":
                    operation["responses"][status] = {
                        "$ref": f"#/components/responses/{_share(shared, status, response)}"
                    }


def _share(shared: dict[str, Any], status: str, response: dict[str, Any]) -> str:
    """Return the name of a response among the shared ones; add it if it is new."""
    same_status = [name for name in shared if name.startswith(f"Refused{status}_")]
    for name in same_status:
        if shared[name] == response:
            return name
    name = f"Refused{status}_{len(same_status) + 1}"
    shared[name] = response
    return name


def _responses(keys: Iterable[str]) -> Responses:
    entries = sorted((catalogue()[key] for key in keys), key=lambda entry: (entry.status, entry.envelope, entry.key))
    return {status: _response(list(same)) for status, same in groupby(entries, lambda entry: entry.status)}


def _response(entries: list[Entry]) -> dict[str, Any]:
    schemas = [_schema(envelope, list(same)) for envelope, same in groupby(entries, lambda entry: entry.envelope)]
    content = {
        "schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas},
        "examples": {entry.key.replace("/", "-"): {"value": _example(entry)} for entry in entries},
    }
    codes = ", ".join(dict.fromkeys(entry.code for entry in entries))
    names = ("X-Request-Id", "Retry-After") if entries[0].status in _RETRIED else ("X-Request-Id",)
    return {
        "description": f"Refused: {codes}.",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {"application/json; charset=UTF-8": content},
    }


def _schema(envelope: Envelope, entries: list[Entry]) -> dict[str, Any]:
    codes = sorted({entry.code for entry in entries})
    if envelope is Envelope.IAM:
        status: dict[str, Any] = {"type": "integer", "const": entries[0].status}
        return _object(error=_object(code=status, message=_TEXT, title={"type": "string", "enum": codes}))
    identified = {"request_id": _TEXT} if envelope is Envelope.GATEWAY else {}
    return _object(error_code={"type": "string", "enum": codes}, error_msg=_TEXT, **identified)


_TEXT: Final[dict[str, Any]] = {"type": "string"}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _example(entry: Entry) -> dict[str, Any]:
    return render(ServiceError(entry.key, *["…"] * entry.message.count("{}")), "0" * 32)
