"""Each operation with each kind of input, as a sequence of steps: a request and the check of its response."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.support.fake_models import photo
from tests.support.performances import LEFT_THEN_RIGHT

ANNA: Final = photo((200, 60, 60))
BEN: Final = photo((60, 200, 60))
BOTH: Final = photo((200, 60, 60), (60, 200, 60))
BUCKET: Final = "faces"
FILES: Final = {f"/{BUCKET}/anna.png": ANNA, f"/{BUCKET}/ben.png": BEN, f"/{BUCKET}/turning.mp4": LEFT_THEN_RIGHT}
"""Files of the object store, by path."""

IMAGE_KINDS: Final = ("base64", "file", "URL")


@dataclass(frozen=True)
class Request:
    """An HTTP request: ``path`` follows the project, and its segments are not percent-encoded."""

    method: str
    path: tuple[str, ...]
    body: Mapping[str, Any] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    version: str = "v2"


@dataclass
class ClientState:
    """A client's face set, and the ids that later steps need."""

    name: str
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """An operation with a kind of input: the request, and the check of the response."""

    operation: str
    kind: str
    request: Callable[[ClientState], Request]
    holds: Callable[[ClientState, Mapping[str, Any]], bool]

    @property
    def name(self) -> tuple[str, str]:
        return self.operation, self.kind


def image_parts(kind: str, prefix: str = "image", name: str = "anna") -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the text parts and files of a request with an image."""
    data = {"anna": ANNA, "ben": BEN, "both": BOTH}[name]
    match kind:
        case "base64":
            return {f"{prefix}_base64": base64.b64encode(data).decode()}, {}
        case "URL":
            return {f"{prefix}_url": f"https://{BUCKET}.obs.cn-north-4.myhuaweicloud.com/{name}.png"}, {}
        case _:
            return {}, {f"{prefix}_file": data}


def with_image(kind: str, path: tuple[str, ...], version: str = "v2", name: str = "anna", **more: Any) -> Request:
    """Return a request with one image; ``more`` are its other parameters."""
    texts, files = image_parts(kind, name=name)
    if not files:
        return Request("POST", path, body={**texts, **more}, version=version)
    parts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in more.items()}
    return Request("POST", path, texts=parts, files=files, version=version)


def action_liveness(kind: str, version: str) -> Request:
    """Return a request with a video of a person who turns the head left, then right."""
    path, parameters = ("live-detect",), {"actions": "1,2", "nod_threshold": 20.0}
    match kind:
        case "file":
            texts = {name: str(value) for name, value in parameters.items()}
            return Request("POST", path, texts=texts, files={"video_file": LEFT_THEN_RIGHT}, version=version)
        case "URL":
            parameters["video_url"] = f"/{BUCKET}/turning.mp4"
        case _:
            parameters["video_base64"] = base64.b64encode(LEFT_THEN_RIGHT).decode()
    return Request("POST", path, body=parameters, version=version)


def comparison(kind: str) -> Request:
    texts1, files1 = image_parts(kind, "image1", "anna")
    texts2, files2 = image_parts(kind, "image2", "ben")
    files = {**files1, **files2}
    return Request("POST", ("face-compare",), body=None if files else {**texts1, **texts2}, files=files)


def enrolment(state: ClientState, kind: str) -> Request:
    """Return an enrolment: of both faces of an image as base64, of the largest face otherwise."""
    single = kind != "base64"
    more: dict[str, Any] = {"external_image_id": f"by-{kind}", "external_fields": {"age": 30}, "single": single}
    return with_image(kind, faces_path(state), name="anna" if single else "both", **more)


def enrolment_without_form(state: ClientState) -> Request:
    """Return the enrolment of a file, sent as base64."""
    more: dict[str, Any] = {"external_image_id": "by-file", "external_fields": {"age": 30}, "single": True}
    return with_image("base64", faces_path(state), **more)


def _were_added(state: ClientState, kind: str, response: Mapping[str, Any]) -> bool:
    for face in response["faces"]:
        state.ids[kind if kind not in state.ids else "second"] = face["face_id"]
    added_faces = [(face["external_image_id"], face["external_fields"]) for face in response["faces"]]
    return added_faces == [(f"by-{kind}", {"age": 30})] * (2 if kind == "base64" else 1)


def _was_deleted(state: ClientState, kind: str, response: Mapping[str, Any]) -> bool:
    del state.ids[kind]
    return bool(response["face_number"] == 1)


def face_set_path(state: ClientState) -> tuple[str, ...]:
    """Return the path of the client's face set."""
    return "face-sets", state.name


def faces_path(state: ClientState) -> tuple[str, ...]:
    """Return the path of the faces of the set."""
    return *face_set_path(state), "faces"


def search(state: ClientState, kind: str) -> Request:
    """Return a search with every option."""
    more: dict[str, Any] = {
        "top_n": 2,
        "threshold": 0.93,
        "filter": "age:30",
        "return_fields": ["age"],
        "sort": [{"age": "asc"}],
    }
    return with_image(kind, (*face_set_path(state), "search"), **more)


def _steps() -> list[Step]:
    return [
        Step(
            "create face set",
            "JSON",
            lambda state: Request(
                "POST",
                ("face-sets",),
                body={"face_set_name": state.name, "external_fields": {"age": {"type": "integer"}}},
            ),
            lambda state, response: (
                response["face_set_info"]["face_set_name"] == state.name
                and response["face_set_info"]["face_number"] == 0
            ),
        ),
        Step(
            "list face sets",
            "-",
            lambda _: Request("GET", ("face-sets",)),
            lambda state, response: state.name in [each["face_set_name"] for each in response["face_sets_info"]],
        ),
        Step(
            "show face set",
            "-",
            lambda state: Request("GET", face_set_path(state)),
            lambda _, response: response["face_set_info"]["external_fields"] == {"age": {"type": "integer"}},
        ),
        *(
            Step(
                "add faces",
                kind,
                lambda state, kind=kind: enrolment(state, kind),  # type: ignore[misc]
                lambda state, response, kind=kind: _were_added(state, kind, response),  # type: ignore[misc]
            )
            for kind in IMAGE_KINDS
        ),
        Step(
            "list faces",
            "offset, limit",
            lambda state: Request("GET", faces_path(state), query={"offset": "0", "limit": "2"}),
            lambda state, response: [each["face_id"] for each in response["faces"]] == list(state.ids.values())[:2],
        ),
        Step(
            "list faces",
            "face_id",
            lambda state: Request("GET", faces_path(state), query={"face_id": state.ids["file"]}),
            lambda state, response: [each["face_id"] for each in response["faces"]] == [state.ids["file"]],
        ),
        Step(
            "update face",
            "JSON",
            lambda state: Request(
                "PUT", faces_path(state), body={"face_id": state.ids["URL"], "external_fields": {"age": 31}}
            ),
            lambda _, response: response["face_number"] == 1,
        ),
        *(
            Step(
                "search",
                kind,
                lambda state, kind=kind: search(state, kind),  # type: ignore[misc]
                lambda _, response: [each["external_fields"] for each in response["faces"]] == [{"age": 30}] * 2,
            )
            for kind in IMAGE_KINDS
        ),
        Step(
            "search",
            "face_id",
            lambda state: Request(
                "POST", (*face_set_path(state), "search"), body={"face_id": state.ids["URL"], "top_n": 1}
            ),
            lambda state, response: response["faces"][0]["face_id"] == state.ids["URL"],
        ),
        Step(
            "delete faces",
            "face_id",
            lambda state: Request("DELETE", faces_path(state), query={"face_id": state.ids["base64"]}),
            lambda state, response: _was_deleted(state, "base64", response),
        ),
        Step(
            "delete faces",
            "external_image_id",
            lambda state: Request("DELETE", faces_path(state), query={"external_image_id": "by-file"}),
            lambda state, response: _was_deleted(state, "file", response),
        ),
        Step(
            "delete faces",
            "custom field",
            lambda state: Request("DELETE", faces_path(state), query={"age": "31"}),
            lambda state, response: _was_deleted(state, "URL", response),
        ),
        Step(
            "batch delete",
            "filter",
            lambda state: Request("DELETE", (*faces_path(state), "batch"), body={"filter": "age:[* TO *]"}),
            lambda state, response: response["face_number"] == len(state.ids),
        ),
        Step(
            "delete face set",
            "-",
            lambda state: Request("DELETE", face_set_path(state)),
            lambda state, response: response == {"face_set_name": state.name},
        ),
        *(
            Step(
                "detect",
                kind,
                lambda _, kind=kind: with_image(kind, ("face-detect",), attributes="1,2"),  # type: ignore[misc]
                # some versions of the Python SDK read no gender
                lambda _, response: (
                    {"gender": "male", **response["faces"][0]["attributes"]} == {"gender": "male", "age": 60}
                ),
            )
            for kind in IMAGE_KINDS
        ),
        *(
            Step(
                "compare",
                kind,
                lambda _, kind=kind: comparison(kind),  # type: ignore[misc]
                lambda _, response: (
                    response["similarity"] < 0.93 and response["image2_face"]["bounding_box"]["width"] > 100
                ),
            )
            for kind in IMAGE_KINDS
        ),
        *(
            Step(
                "silent liveness",
                kind,
                lambda _, kind=kind: with_image(kind, ("live-detect-face",), "v1"),  # type: ignore[misc]
                lambda _, response: response["result"]["alive"] is True and isinstance(response["warning-list"], list),
            )
            for kind in IMAGE_KINDS
        ),
        *(
            Step(
                f"action liveness, {version}",
                kind,
                lambda _, kind=kind, version=version: action_liveness(kind, version),  # type: ignore[misc]
                lambda _, response: (
                    response["video-result"]["alive"] is True
                    and [each["action"] for each in response["video-result"]["actions"]] == [1, 2]
                    and response["warning-list"] == []
                ),
            )
            for version in ("v1", "v2")
            for kind in IMAGE_KINDS
        ),
    ]


STEPS: Final = _steps()
