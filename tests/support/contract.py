"""Invariants of every response of the service, checked on each response that a test receives."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from openfrs.core.errors import catalogue

CONTENT_TYPE: Final = "application/json; charset=UTF-8"

ANY: Final = object()
"""A value chosen by the client: a custom field."""

Shape = type | Mapping[str, Any] | list[Any] | object

BOX: Final = {"width": int, "top_left_y": int, "top_left_x": int, "height": int}
DETECTED: Final = {"bounding_box": BOX}
ATTRIBUTES: Final = {
    "headpose?": {"pitch_angle": float, "roll_angle": float, "yaw_angle": float},
    "gender?": str,
    "age?": int,
    "dress?": {"glass": str, "hat": str},
    "smile?": str,
    "mask?": str,
    "hair?": str,
    "beard?": str,
    "quality?": {"total_score": float, "blur": float, "pose": float, "occlusion": float, "illumination": float},
    "expression?": {"type": str, "probability": float},
    "face_angle?": int,
}
CONTOUR: Final = {"point": [{"x": float, "y": float}]}
LANDMARK: Final = {f"{part}_contour": CONTOUR for part in ("eyes", "mouth", "face", "eyebrow", "nose")}
DESCRIBED: Final = {"bounding_box": BOX, "attributes?": ATTRIBUTES, "landmark?": LANDMARK}
ANGLES: Final = {"yaw": float, "roll": float, "pitch": float}
FACE: Final = {"bounding_box": BOX, "external_fields": {"*": ANY}, "external_image_id": str, "face_id": str}
FACE_SET: Final = {
    "face_number": int,
    "face_set_id": str,
    "face_set_name": str,
    "create_date": str,
    "face_set_capacity": int,
    "external_fields": {"*": {"type?": str}},
}
FACES: Final = {"face_set_id": str, "face_set_name": str, "faces": [FACE]}
COUNT: Final = {"face_number": int, "face_set_id": str, "face_set_name": str}

SUCCESS: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("POST", "/face-detect"): {"faces": [DESCRIBED]},
    ("POST", "/face/*/face-quality"): {"blur": {"isClarity": bool}, "pose": ANGLES},
    ("POST", "/face/*/blur-classify"): {"isClarity": bool},
    ("POST", "/face/*/head-pose-estimate"): ANGLES,
    ("POST", "/live-detect-face"): {
        "result": {"alive": bool, "confidence": float, "picture": str},
        "warning-list": [{"warningCode": int, "warningMsg": str}],
    },
    ("POST", "/live-detect"): {
        "video-result": {"alive": bool, "actions": [{"confidence": float, "action": int}], "picture": str},
        "warning-list": [{"warningCode": int, "warningMsg": str}],
    },
    ("POST", "/face-compare"): {"image1_face": DETECTED, "similarity": float, "image2_face": DETECTED},
    ("POST", "/face-sets"): {"face_set_info": FACE_SET},
    ("GET", "/face-sets"): {"face_sets_info": [FACE_SET]},
    ("GET", "/face-sets/*"): {"face_set_info": FACE_SET},
    ("DELETE", "/face-sets/*"): {"face_set_name": str},
    ("POST", "/face-sets/*/faces"): FACES,
    ("GET", "/face-sets/*/faces"): FACES,
    ("PUT", "/face-sets/*/faces"): COUNT,
    ("DELETE", "/face-sets/*/faces"): COUNT,
    ("DELETE", "/face-sets/*/faces/batch"): COUNT,
    ("POST", "/face-sets/*/search"): {"faces": [{**FACE, "similarity": float}]},
}
"""The keys of each successful response: ``"*"`` is any name, ``"name?"`` is optional."""


def differs(value: Any, shape: Any, place: str = "the response") -> str:
    """Describe how a value differs from a shape; empty if it does not."""
    if shape is ANY:
        return "" if isinstance(value, str | int | float | bool) else f"{place} is {value!r}"
    if isinstance(shape, type):
        fits = type(value) is shape or (shape is float and type(value) is int)
        return "" if fits else f"{place} is {value!r}, not of type {shape.__name__}"
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{place} is not an array"
        return next((found for item in value if (found := differs(item, shape[0], f"{place}[]"))), "")
    if not isinstance(value, dict):
        return f"{place} is not an object"
    if "*" in shape:
        return next(
            (found for key, item in value.items() if (found := differs(item, shape["*"], f"{place}.{key}"))), ""
        )
    known = {key.removesuffix("?"): inner for key, inner in shape.items()}
    if unknown := value.keys() - known.keys():
        return f"{place} has undocumented keys {unknown}"
    if missing := {key for key in shape if not key.endswith("?")} - value.keys():
        return f"{place}: {missing} missing"
    return next((found for key, item in value.items() if (found := differs(item, known[key], f"{place}.{key}"))), "")


def legacy_python(text: str) -> Any:
    """Parse a body as the 1.0 Python SDK does."""
    return eval(text.replace("true", "True").replace("false", "False"), {"__builtins__": {}})


def check(response: httpx.Response, path: str) -> None:
    """Check the invariants of a response; ``path`` is the part after the project."""
    assert response.status_code < 500, response.text
    assert response.headers["content-type"] == CONTENT_TYPE
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])
    if response.request.method == "HEAD":
        return
    body = response.json()
    if response.status_code < 400:
        assert response.status_code == 200
        segments = path.partition("?")[0].split("/")
        pattern = "/".join("*" if place == 2 else segment for place, segment in enumerate(segments))
        assert differs(body, SUCCESS[response.request.method, pattern]) == ""
        assert legacy_python(response.text).keys() == body.keys()
        return
    keys = {"error_code", "error_msg"}
    if body["error_code"].startswith("APIG."):
        keys |= {"request_id"}
        assert body["request_id"] == response.headers["x-request-id"]
    assert body.keys() == keys
    statuses = {entry.status for entry in catalogue().values() if entry.code == body["error_code"]}
    assert response.status_code in statuses | ({405} if body["error_code"] == "APIG.0101" else set())


@dataclass(frozen=True)
class Frs:
    """The FRS of a project over plain HTTP; paths are relative to the project, and every response is checked."""

    http: httpx.Client
    project: str

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        response = self.http.request(method, self.project + path, **arguments)
        check(response, path)
        return response

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("GET", path, **arguments)

    def post(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("POST", path, **arguments)

    def put(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("PUT", path, **arguments)

    def delete(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("DELETE", path, **arguments)

    def create(self, name: str = "test", **body: Any) -> dict[str, Any]:
        """Create a face set, and return its description."""
        info: dict[str, Any] = ok(self.post("/face-sets", json={"face_set_name": name, **body}))["face_set_info"]
        return info

    def count(self, name: str = "test") -> int:
        """Return the number of faces that a set reports."""
        number: int = ok(self.get(f"/face-sets/{name}"))["face_set_info"]["face_number"]
        return number


def ok(response: httpx.Response) -> dict[str, Any]:
    """Return the body of a successful response."""
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def refusal(response: httpx.Response, code: str, *, status: int = 400) -> str:
    """Return the message of an error response with this code."""
    assert (response.status_code, response.json()["error_code"]) == (status, code), response.text
    message: str = response.json()["error_msg"]
    return message
