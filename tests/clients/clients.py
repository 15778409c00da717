"""The clients of the compatibility table that need no environment: each sends a request and parses the response in its own way."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

import httpx

from openfrs.core.signing import SignedRequest, canonical_request, sign
from tests.support.contract import legacy_python
from tests.support.servers import RunningServer

from .operations import Request


class UnsupportedError(Exception):
    """The client does not support the request; the message says why."""


class Client(Protocol):
    """Sends requests to a server and returns parsed responses."""

    def send(self, operation: str, kind: str, request: Request) -> Mapping[str, Any]: ...


def request_path(server: RunningServer, request: Request) -> str:
    return f"/{request.version}/{server.credentials['project_id']}/{encoded_path(request)}"


def encoded_path(request: Request) -> str:
    """Return the path below the project."""
    return "/".join(quote(segment, safe="") for segment in request.path)


# the 1.x SDKs, whose packages are no longer published: their requests and their parsing of responses


def _form(texts: Mapping[str, str], files: Mapping[str, bytes], content_type: str) -> tuple[bytes, str]:
    """A multipart body with the files first, as both 1.x SDKs write it."""
    boundary = "cc1d42c0d1dc4d2d8c5cbe30b8a1a7ff"
    parts = [
        f'Content-Disposition: form-data; name="{name}"; filename="{name}.png"\r\nContent-Type: {content_type}'.encode()
        + b"\r\n\r\n"
        + data
        for name, data in files.items()
    ]
    parts += [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode() for name, text in texts.items()]
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + boundary.encode() + b"--\r\n", f"multipart/form-data; boundary={boundary}"


class OldPythonSdk:
    """The 1.0 Python SDK: version 1, three signed headers, hashed forms with the file first, and ``eval`` of the response."""

    version = "v1"
    content_type = "application/json"
    file_type = "image/jpeg"

    def __init__(self, server: RunningServer) -> None:
        self._server = server

    def send(self, operation: str, kind: str, request: Request) -> Mapping[str, Any]:
        body, content_type = b"", ""
        if request.files:
            body, content_type = _form(self.texts(request.texts), request.files, self.file_type)
        elif request.body is not None:
            body, content_type = json.dumps(self.values(operation, request.body)).encode(), self.content_type
        has_both_versions = request.path == ("live-detect",)
        version = request.version if has_both_versions else self.version
        path = request_path(self._server, Request(request.method, request.path, version=version))
        query = urlencode(sorted(request.query.items()), quote_via=quote)
        headers = {"host": self._server.endpoint.removeprefix("http://"), **self.more_headers()}
        headers["x-sdk-date"] = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        if content_type:
            headers["content-type"] = content_type
        headers["authorization"] = self._signature(request.method, path, query, headers, body)
        url = self._server.endpoint + path + (f"?{query}" if query else "")
        response = httpx.request(request.method, url, headers=headers, content=body, timeout=60)
        assert response.status_code == 200, response.text  # these SDKs raise an exception on any other status
        return self.read(response.text)

    def texts(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """Return the text parts of a form; objects and lists are encoded by ``str`` with double quotes."""
        written = {}
        for name, text in texts.items():
            try:
                written[name] = str(json.loads(text)).replace("'", '"')
            except ValueError:
                written[name] = text
        return written

    def values(self, _operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return body

    def more_headers(self) -> Mapping[str, str]:
        return {}

    def read(self, text: str) -> Mapping[str, Any]:
        response: dict[str, Any] = legacy_python(text)
        return response

    def _signature(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> str:
        names = tuple(sorted(headers))
        request = SignedRequest(method, path, query, headers, hashlib.sha256(body).hexdigest())
        keys = self._server.credentials
        signature = sign(keys["secret_key"], headers["x-sdk-date"], canonical_request(request, names))
        return f"SDK-HMAC-SHA256 Access={keys['access_key']}, SignedHeaders={';'.join(names)}, Signature={signature}"


_BOX: Final = {"width", "top_left_y", "top_left_x", "height"}
_JAVA_KEYS: Final[Mapping[str, set[str]]] = {
    "": {
        *("face_set_info", "face_sets_info", "face_set_name", "face_set_id", "face_number", "faces"),
        *("similarity", "image1_face", "image2_face", "result", "video-result", "warning-list"),
    },
    "face_set_info": {
        *("face_number", "face_set_id", "face_set_name", "create_date", "face_set_capacity", "external_fields"),
    },
    "faces": {
        *("bounding_box", "external_image_id", "face_id", "external_fields", "similarity", "attributes", "landmark"),
    },
    "bounding_box": _BOX,
    "image1_face": {"bounding_box"},
    "image2_face": {"bounding_box"},
    "attributes": {
        *("headpose", "gender", "age", "dress", "smile", "mask", "hair", "beard", "skin", "ethnic"),
        *("phototype", "quality", "expression", "face_angle"),
    },
    "result": {"alive", "confidence", "picture"},
    "video-result": {"alive", "actions", "picture"},
    "actions": {"action", "confidence"},
    "warning-list": {"warningCode", "warningMsg"},
}
"""Keys known to the 1.0 Java SDK's models, by the key of the object; it fails on others."""


class OldJavaSdk(OldPythonSdk):
    """The 1.6 Java SDK: sends ``refresh`` on enrolment and a charset, signs the project, and fails on unknown keys."""

    version = "v2"
    content_type = "application/json; charset=utf-8"
    file_type = "application/octet-stream"

    def send(self, operation: str, kind: str, request: Request) -> Mapping[str, Any]:
        self.version = request.version
        return super().send(operation, kind, request)

    def texts(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        return {**texts, "refresh": "true"}

    def values(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**body, "refresh": True} if operation == "add faces" else body

    def more_headers(self) -> Mapping[str, str]:
        return {"x-project-id": self._server.credentials["project_id"]}

    def read(self, text: str) -> Mapping[str, Any]:
        response: dict[str, Any] = json.loads(text)
        _check_keys("", response)
        return response


def _check_keys(key: str, value: Any) -> None:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and key in _JAVA_KEYS:
            assert item.keys() <= _JAVA_KEYS[key], f"{key or 'the response'} has {item.keys() - _JAVA_KEYS[key]}"
            for name, inner in item.items():
                _check_keys("face_set_info" if name == "face_sets_info" else name, inner)


@dataclass
class Curl:
    """curl with a token."""

    server: RunningServer
    folder: Path

    def __post_init__(self) -> None:
        self._token = self.server.token()

    def send(self, operation: str, kind: str, request: Request) -> Mapping[str, Any]:
        query = f"?{urlencode(request.query)}" if request.query else ""
        url = self.server.endpoint + request_path(self.server, request) + query
        command = ["curl", "--silent", "--show-error", "--fail-with-body", "--request", request.method, url]
        command += ["--header", f"X-Auth-Token: {self._token}"]
        body = b""
        if request.files:
            for name, text in request.texts.items():
                command += ["--form-string", f"{name}={text}"]
            for name, data in request.files.items():
                file = self.folder / f"{name}.png"
                file.write_bytes(data)
                command += ["--form", f"{name}=@{file}"]
        elif request.body is not None:
            body = json.dumps(request.body).encode()
            command += ["--header", "Content-Type: application/json", "--data-binary", "@-"]
        response: dict[str, Any] = json.loads(_run(command, body, self.folder))
        return response


def _run(command: Sequence[str], stdin: bytes, folder: Path) -> str:
    result = subprocess.run(command, input=stdin, capture_output=True, cwd=folder, timeout=60, check=False)
    assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()
    return result.stdout.decode()
