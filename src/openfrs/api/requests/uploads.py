"""Images and videos of requests: base64 text, a part of a form, or a URL; and the actions to detect in a video."""

import re
from typing import Final, TypeVar
from urllib.parse import unquote

from pydantic import Field, PrivateAttr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.media.decoding.base64_text import decode_base64
from openfrs.media.decoding.image import EncodedImage
from openfrs.media.fetching.fetcher import Fetcher
from openfrs.recognition.liveness.types import Action, ActionRequest

from .body import Input, read_input

_CODE: Final = re.compile(r"\d{1,4}", re.ASCII)
_WINDOW: Final = re.compile(r"\s*(\d{1,6})\s*-\s*(\d{1,6})\s*", re.ASCII)


class UploadInput(Input):
    """An input that can name files by URL; :func:`read_upload` fetches them."""

    _fetched: dict[str, bytes] = PrivateAttr(default_factory=dict)

    def fetched(self, parameter: str) -> bytes:
        """Return the file fetched from the URL in a parameter."""
        return self._fetched[parameter]


T = TypeVar("T", bound=UploadInput)


class ImageInput(UploadInput):
    """One image, sent in exactly one way."""

    image_base64: str | None = Field(None, description="A JPEG, PNG or BMP file in base64, at most 8 MB.")
    image_url: str | None = Field(
        None, description="The URL of the file. The operator decides which hosts and buckets are allowed."
    )
    image_file: bytes | None = Field(None, description="The file itself, at most 8 MB.")


class VideoInput(UploadInput):
    """One video, sent in exactly one way."""

    video_base64: str | None = Field(None, description="A video file in base64, at most 8 MB and 1 to 15 seconds.")
    video_url: str | None = Field(
        None, description="The URL of the file. The operator decides which hosts and buckets are allowed."
    )
    video_file: bytes | None = Field(None, description="The file itself, at most 8 MB and 1 to 15 seconds.")


class ActionInput(VideoInput):
    """A video and the actions to detect in it."""

    actions: str | None = Field(
        None,
        description="1 to 10 comma-separated codes in order: 1 turn left, 2 turn right, 3 nod, 4 open the mouth, 5 blink.",
    )
    action_time: str | None = Field(
        None,
        description="Comma-separated windows, one for each action, as `start-end` in milliseconds: `1000-3000,4000-7000`.",
    )
    nod_threshold: float | None = Field(
        None,
        description="Smallest pitch change of a nod in degrees, 1 to 90; 10 by default, and values below 15 count as 15.",
    )


async def read_upload(request: Request, model: type[T], fetcher: Fetcher, *, multipart: bool = True) -> T:
    """Read the body as ``model`` and fetch the files that its URLs name.

    Raises:
        ServiceError: as :func:`read_input` and :meth:`Fetcher.fetch`
    """
    values = await read_input(request, model, multipart=multipart)
    for parameter in model.model_fields:
        url = getattr(values, parameter) if parameter.endswith("_url") else None
        alternatives = (parameter.replace("_url", "_base64"), parameter.replace("_url", "_file"), "face_id")
        # with an alternative present the request will be rejected, so there is nothing to fetch
        if url and all(getattr(values, alternative, None) is None for alternative in alternatives):
            project_id = unquote(request.path_params["project_id"])
            file = await fetcher.fetch(url, project_id, parameter, limits.MAX_IMAGE_BYTES)
            request.state.slot.reserve(len(file))
            values._fetched[parameter] = file
    return values


async def uploaded_image(values: UploadInput, prefix: str = "image", *, alternative: str | None = None) -> EncodedImage:
    """Return the image of an input.

    Raises:
        ServiceError: as :func:`uploaded_file`
    """
    parameter, data = await uploaded_file(values, prefix, alternative=alternative)
    return EncodedImage(data, parameter)


async def uploaded_video(values: VideoInput) -> bytes:
    """Return the video of an input.

    Raises:
        ServiceError: as :func:`uploaded_file`, but ``FRS.0701/base64`` for bad base64.
    """
    try:
        return (await uploaded_file(values, "video"))[1]
    except ServiceError as error:
        raise ServiceError("FRS.0701/base64", "video_base64") if error.entry.code == "FRS.0015" else error from None


async def uploaded_file(values: UploadInput, prefix: str, *, alternative: str | None = None) -> tuple[str, bytes]:
    """Return the file sent as ``{prefix}_base64``, ``{prefix}_file`` or ``{prefix}_url``, after the name of that parameter.

    ``alternative`` is the value of a parameter that excludes a file.

    Raises:
        ServiceError: ``FRS.0011`` no file, ``FRS.0012`` more than one, ``FRS.0015/base64`` bad base64, ``FRS.0017`` too large.
    """
    present = [
        (kind, value)
        for kind in ("base64", "url", "file")
        if (value := getattr(values, f"{prefix}_{kind}", None)) is not None
    ]
    if len(present) + (alternative is not None) > 1:
        raise wrong_format(
            f"{prefix}_{present[-1][0]}", f"send only one of {prefix}_base64, {prefix}_url and {prefix}_file"
        )
    if not present:
        raise ServiceError("FRS.0011", f"{prefix}_base64")
    kind, value = present[0]
    parameter = f"{prefix}_{kind}"
    if not value:
        raise ServiceError("FRS.0011", parameter)
    if len(value) > limits.MAX_IMAGE_BYTES:
        raise ServiceError("FRS.0017", f"1 to {limits.MAX_IMAGE_BYTES} bytes for {parameter}")
    match kind:
        case "url":
            return parameter, values.fetched(parameter)
        case "file":
            return parameter, value
        case _:
            if len(value) < limits.LARGE_JSON_BYTES:
                return parameter, decode_base64(value, parameter)
            return parameter, await run_in_threadpool(decode_base64, value, parameter)


def action_request(values: ActionInput) -> ActionRequest:
    """Parse the actions, time windows and nod threshold of an input.

    Raises:
        ServiceError: ``FRS.0011`` no action, ``FRS.0702`` an unknown one, ``FRS.0704`` more than 10, ``FRS.0703`` invalid times or
            threshold.
    """
    actions = parse_actions(values.actions)
    threshold = limits.DEFAULT_NOD_THRESHOLD if values.nod_threshold is None else values.nod_threshold
    low, high = limits.NOD_THRESHOLD_RANGE
    if not low <= threshold <= high:
        raise ServiceError("FRS.0703", f"nod_threshold must be {low} to {high} degrees")
    return ActionRequest(actions, _parse_windows(values.action_time, len(actions)), threshold)


def parse_actions(text: str | None) -> tuple[Action, ...]:
    """Parse comma-separated action codes.

    Raises:
        ServiceError: ``FRS.0011`` no action, ``FRS.0702`` an unknown one, ``FRS.0704`` more than 10.
    """
    if not text or not text.strip():
        raise ServiceError("FRS.0011", "actions")
    codes = [code.strip() for code in text.split(",")]
    if len(codes) > limits.MAX_ACTIONS:
        raise ServiceError("FRS.0704")
    for code in codes:
        if not _CODE.fullmatch(code) or int(code) not in set(Action):
            raise ServiceError("FRS.0702", code if _CODE.fullmatch(code) else "that is not a number of 1 to 5")
    return tuple(Action(int(code)) for code in codes)


def _parse_windows(text: str | None, count: int) -> tuple[tuple[int, int], ...] | None:
    """Parse one ``start-end`` window in milliseconds for each of ``count`` actions."""
    if text is None or not text.strip(", "):
        return None
    parts = [_WINDOW.fullmatch(part) for part in text.split(",")]
    windows = tuple((int(part[1]), int(part[2])) for part in parts if part)
    if len(windows) != len(parts) or len(windows) != count or any(start >= end for start, end in windows):
        raise ServiceError("FRS.0703", "action_time must have a start-end in milliseconds for each action")
    return windows
