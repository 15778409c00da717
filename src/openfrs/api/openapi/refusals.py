"""Which refusals each operation of the API's document can answer with, in the words of the catalogue."""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from openfrs.core.errors import Entry, Envelope, ServiceError, catalogue, render

_HEADS: Final = ("APIG.0201/400", "APIG.0201/414", "APIG.0201/494")
_ROUTED: Final = ("APIG.0101", "APIG.0201/413")
_ADMITTED: Final = ("APIG.0301", "APIG.0302", "APIG.0307", "APIG.0310", "FRS.0002", "FRS.0028", "FRS.0033")
_READ: Final = ("FRS.0011", "FRS.0012")
_FETCHED: Final = ("FRS.0020", "FRS.0021", "FRS.0022", "FRS.0023", "FRS.0024", "FRS.0027", "FRS.0035", "FRS.0036")
_PICTURE: Final = ("FRS.0013", "FRS.0015", "FRS.0016", "FRS.0017", *_FETCHED)
_VIDEO: Final = ("FRS.0017", "FRS.0701", "FRS.0706", *_FETCHED)
_FAILED: Final = ("FRS.0018",)

_OWN: Final = (
    ("post", r"/face-compare", ("FRS.0501",)),
    ("post", r"/face/quality/[^/]+", ("FRS.0501",)),
    ("post", r"/live-detect-face", ("FRS.0707",)),
    ("post", r"/live-detect", ("FRS.0702", "FRS.0703", "FRS.0704")),
    ("post", r"/face-sets", ("FRS.0301",)),
    ("post", r"/face-sets/[^/]+/faces", ("FRS.0404", "FRS.0404/policy", "FRS.0405", "FRS.0406")),
    ("delete", r"/face-sets/[^/]+", ("APIG.0306/held",)),
    ("get", r"/face-sets/[^/]+/faces", ("FRS.0403",)),
    ("put", r"/face-sets/[^/]+/faces", ("FRS.0303", "FRS.0405", "FRS.0406")),
    ("delete", r"/face-sets/[^/]+/faces", ("FRS.0401", "FRS.0402", "APIG.0306/held")),
    ("delete", r"/face-sets/[^/]+/faces/batch", ("FRS.0407", "APIG.0306/held")),
    ("post", r"/face-sets/[^/]+/search", ("FRS.0032", "FRS.0304", "FRS.0403")),
    ("post", r"/face-check", ("FRS.0302",)),
    ("put", r"/face-sets/[^/]+/retention", ("FRS.0405",)),
    ("post", r"/liveness-sessions", ("FRS.0702", "FRS.0704")),
    ("post", r"/liveness-sessions/[^/]+/video", ("FRS.0703",)),
    ("get", r"/liveness-sessions/[^/]+/result", ("FRS.0703",)),
    ("post", r"/users", ("IAM.409",)),
)
"""What operations refuse of their own: by method and what follows the project in the path."""

_IDENTITY: Final = ("IAM.400", "IAM.401", "IAM.413", "IAM.429", "IAM.500", "IAM.503")
_TOKENS: Final[dict[str, tuple[str, ...]]] = {"post": (), "get": ("IAM.404",), "delete": ("IAM.403",)}


def refusals_of(method: str, path: str, operation: dict[str, Any]) -> set[str]:
    """Keys of the catalogue that an operation of the document can answer with."""
    return {*_HEADS, *_own_refusals(method, path, operation)}


def _own_refusals(method: str, path: str, operation: dict[str, Any]) -> set[str]:
    tags = operation.get("tags", ())
    if "health" in tags:
        return {"APIG.0201/502"} if path == "/ready" else set()
    if "identity" in tags:
        return {*_IDENTITY, *(_TOKENS[method] if path == "/v3/auth/tokens" else ())}
    keys = {*_ROUTED, *_ADMITTED, *_FAILED}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    asks = any(parameter["in"] == "query" for parameter in operation.get("parameters", ()))
    if "accounts" in tags:
        keys |= {"IAM.400"} if body else set()
        keys |= {*_READ} if asks else set()
        keys |= {"IAM.403", "IAM.404"} if path.partition("{project_id}")[2] not in ("", "/audit") else set()
    else:
        keys |= {*_READ} if asks or body else set()
        keys |= {"FRS.0014"} if body else set()
    for kind, wanted in (("image", _PICTURE), ("video", _VIDEO)):
        if any(re.fullmatch(rf"{kind}\d?_base64", name) for name in body.get("properties", ())):
            keys |= {*wanted}
    if "{face_set_name}" in path:
        keys |= {"FRS.0302", "APIG.0201/503"}
    rest = path.partition("{project_id}")[2]
    return keys.union(*(own for of, pattern, own in _OWN if of == method and re.fullmatch(pattern, rest)))


def responses(keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The refusals as responses of the document, by status."""
    entries = sorted((catalogue()[key] for key in keys), key=lambda entry: (entry.status, entry.envelope, entry.key))
    return {str(status): _response(list(same)) for status, same in groupby(entries, lambda entry: entry.status)}


def _response(entries: list[Entry]) -> dict[str, Any]:
    shapes = [_shape(envelope, list(same)) for envelope, same in groupby(entries, lambda entry: entry.envelope)]
    content = {
        "schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes},
        "examples": {entry.key.replace("/", "-"): {"value": _example(entry)} for entry in entries},
    }
    told = ", ".join(dict.fromkeys(entry.code for entry in entries))
    return {"description": f"Refused: {told}.", "content": {"application/json; charset=UTF-8": content}}


def _shape(envelope: Envelope, entries: list[Entry]) -> dict[str, Any]:
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
