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

PICTURE_KINDS: Final = ("base64", "file", "URL")


@dataclass(frozen=True)
class Asked:
    """An HTTP request: ``path`` follows the project, and its segments are not percent-encoded."""

    method: str
    path: tuple[str, ...]
    body: Mapping[str, Any] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    version: str = "v2"


@dataclass
class Day:
    """A client's face set, and the ids that later steps need."""

    name: str
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """An operation with a kind of input: the request, and the check of the response."""

    operation: str
    kind: str
    asked: Callable[[Day], Asked]
    holds: Callable[[Day, Mapping[str, Any]], bool]

    @property
    def name(self) -> tuple[str, str]:
        return self.operation, self.kind


def picture(kind: str, prefix: str = "image", who: str = "anna") -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the text parts and files of a request with an image."""
    data = {"anna": ANNA, "ben": BEN, "both": BOTH}[who]
    match kind:
        case "base64":
            return {f"{prefix}_base64": base64.b64encode(data).decode()}, {}
        case "URL":
            return {f"{prefix}_url": f"https://{BUCKET}.obs.cn-north-4.myhuaweicloud.com/{who}.png"}, {}
        case _:
            return {}, {f"{prefix}_file": data}


def with_picture(kind: str, path: tuple[str, ...], version: str = "v2", who: str = "anna", **more: Any) -> Asked:
    """Return a request with one image; ``more`` are its other parameters."""
    texts, files = picture(kind, who=who)
    if not files:
        return Asked("POST", path, body={**texts, **more}, version=version)
    parts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in more.items()}
    return Asked("POST", path, texts=parts, files=files, version=version)


def performed(kind: str, version: str) -> Asked:
    """Return a request with a video of a person who turns the head left, then right."""
    path, asked = ("live-detect",), {"actions": "1,2", "nod_threshold": 20.0}
    match kind:
        case "file":
            texts = {name: str(value) for name, value in asked.items()}
            return Asked("POST", path, texts=texts, files={"video_file": LEFT_THEN_RIGHT}, version=version)
        case "URL":
            asked["video_url"] = f"/{BUCKET}/turning.mp4"
        case _:
            asked["video_base64"] = base64.b64encode(LEFT_THEN_RIGHT).decode()
    return Asked("POST", path, body=asked, version=version)


def compared(kind: str) -> Asked:
    (one, first), (two, second) = (picture(kind, f"image{number}", who) for number, who in ((1, "anna"), (2, "ben")))
    files = {**first, **second}
    return Asked("POST", ("face-compare",), body=None if files else {**one, **two}, files=files)


def added(day: Day, kind: str) -> Asked:
    """Check that both faces of the image with two people are enrolled, and the largest of the others."""
    single = kind != "base64"
    more: dict[str, Any] = {"external_image_id": f"by-{kind}", "external_fields": {"age": 30}, "single": single}
    return with_picture(kind, faces(day), who="anna" if single else "both", **more)


def _were_added(day: Day, kind: str, response: Mapping[str, Any]) -> bool:
    for face in response["faces"]:
        day.ids[kind if kind not in day.ids else "second"] = face["face_id"]
    told = [(face["external_image_id"], face["external_fields"]) for face in response["faces"]]
    return told == [(f"by-{kind}", {"age": 30})] * (2 if kind == "base64" else 1)


def _was_deleted(day: Day, kind: str, response: Mapping[str, Any]) -> bool:
    del day.ids[kind]
    return bool(response["face_number"] == 1)


def one(day: Day) -> tuple[str, ...]:
    """Path of the client's face set."""
    return "face-sets", day.name


def faces(day: Day) -> tuple[str, ...]:
    """Path of its faces."""
    return *one(day), "faces"


def searched(day: Day, kind: str) -> Asked:
    """Return a search with every option."""
    more: dict[str, Any] = {
        "top_n": 2,
        "threshold": 0.93,
        "filter": "age:30",
        "return_fields": ["age"],
        "sort": [{"age": "asc"}],
    }
    return with_picture(kind, (*one(day), "search"), **more)


def _steps() -> list[Step]:
    step = Step
    return [
        step(
            "create face set",
            "JSON",
            lambda day: Asked(
                "POST",
                ("face-sets",),
                body={"face_set_name": day.name, "external_fields": {"age": {"type": "integer"}}},
            ),
            lambda day, response: (
                response["face_set_info"]["face_set_name"] == day.name and response["face_set_info"]["face_number"] == 0
            ),
        ),
        step(
            "list face sets",
            "-",
            lambda _: Asked("GET", ("face-sets",)),
            lambda day, response: day.name in [each["face_set_name"] for each in response["face_sets_info"]],
        ),
        step(
            "show face set",
            "-",
            lambda day: Asked("GET", one(day)),
            lambda _, response: response["face_set_info"]["external_fields"] == {"age": {"type": "integer"}},
        ),
        *(
            step(
                "add faces",
                kind,
                lambda day, kind=kind: added(day, kind),  # type: ignore[misc]
                lambda day, response, kind=kind: _were_added(day, kind, response),  # type: ignore[misc]
            )
            for kind in PICTURE_KINDS
        ),
        step(
            "list faces",
            "offset, limit",
            lambda day: Asked("GET", faces(day), query={"offset": "0", "limit": "2"}),
            lambda day, response: [each["face_id"] for each in response["faces"]] == list(day.ids.values())[:2],
        ),
        step(
            "list faces",
            "face_id",
            lambda day: Asked("GET", faces(day), query={"face_id": day.ids["file"]}),
            lambda day, response: [each["face_id"] for each in response["faces"]] == [day.ids["file"]],
        ),
        step(
            "update face",
            "JSON",
            lambda day: Asked("PUT", faces(day), body={"face_id": day.ids["URL"], "external_fields": {"age": 31}}),
            lambda _, response: response["face_number"] == 1,
        ),
        *(
            step(
                "search",
                kind,
                lambda day, kind=kind: searched(day, kind),  # type: ignore[misc]
                lambda _, response: [each["external_fields"] for each in response["faces"]] == [{"age": 30}] * 2,
            )
            for kind in PICTURE_KINDS
        ),
        step(
            "search",
            "face_id",
            lambda day: Asked("POST", (*one(day), "search"), body={"face_id": day.ids["URL"], "top_n": 1}),
            lambda day, response: response["faces"][0]["face_id"] == day.ids["URL"],
        ),
        step(
            "delete faces",
            "face_id",
            lambda day: Asked("DELETE", faces(day), query={"face_id": day.ids["base64"]}),
            lambda day, response: _was_deleted(day, "base64", response),
        ),
        step(
            "delete faces",
            "external_image_id",
            lambda day: Asked("DELETE", faces(day), query={"external_image_id": "by-file"}),
            lambda day, response: _was_deleted(day, "file", response),
        ),
        step(
            "delete faces",
            "custom field",
            lambda day: Asked("DELETE", faces(day), query={"age": "31"}),
            lambda day, response: _was_deleted(day, "URL", response),
        ),
        step(
            "batch delete",
            "filter",
            lambda day: Asked("DELETE", (*faces(day), "batch"), body={"filter": "age:[* TO *]"}),
            lambda day, response: response["face_number"] == len(day.ids),
        ),
        step(
            "delete face set",
            "-",
            lambda day: Asked("DELETE", one(day)),
            lambda day, response: response == {"face_set_name": day.name},
        ),
        *(
            step(
                "detect",
                kind,
                lambda _, kind=kind: with_picture(kind, ("face-detect",), attributes="1,2"),  # type: ignore[misc]
                lambda _, response: response["faces"][0]["attributes"] == {"gender": "male", "age": 60},
            )
            for kind in PICTURE_KINDS
        ),
        *(
            step(
                "compare",
                kind,
                lambda _, kind=kind: compared(kind),  # type: ignore[misc]
                lambda _, response: (
                    response["similarity"] < 0.93 and response["image2_face"]["bounding_box"]["width"] > 100
                ),
            )
            for kind in PICTURE_KINDS
        ),
        *(
            step(
                "silent liveness",
                kind,
                lambda _, kind=kind: with_picture(kind, ("live-detect-face",), "v1"),  # type: ignore[misc]
                lambda _, response: response["result"]["alive"] is True and isinstance(response["warning-list"], list),
            )
            for kind in PICTURE_KINDS
        ),
        *(
            step(
                f"action liveness, {version}",
                kind,
                lambda _, kind=kind, version=version: performed(kind, version),  # type: ignore[misc]
                lambda _, response: (
                    response["video-result"]["alive"] is True
                    and [each["action"] for each in response["video-result"]["actions"]] == [1, 2]
                    and response["warning-list"] == []
                ),
            )
            for version in ("v1", "v2")
            for kind in PICTURE_KINDS
        ),
    ]


STEPS: Final = _steps()
