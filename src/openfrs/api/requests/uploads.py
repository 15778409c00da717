"""The video inputs of action liveness, and what a person was asked to do in them."""

import re
from typing import Final

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.recognition.liveness.action import Asked
from openfrs.recognition.liveness.gestures import Action

from .body import Input
from .images import sent_file

_CODE: Final = re.compile(r"\d{1,4}", re.ASCII)
_WINDOW: Final = re.compile(r"\s*(\d{1,6})\s*-\s*(\d{1,6})\s*", re.ASCII)


class VideoInput(Input):
    """One video, given in exactly one way."""

    video_base64: str | None = None
    video_url: str | None = None
    video_file: bytes | None = None


class ActionInput(VideoInput):
    """A video and what the person in it was asked to do."""

    actions: str | None = None
    action_time: str | None = None
    nod_threshold: float | None = None


async def video(values: VideoInput) -> bytes:
    """The video that an input carries.

    Raises:
        ServiceError: ``FRS.0011`` none is given, ``FRS.0012`` more than one is, ``FRS.0701`` it is not base64, ``FRS.0017`` it is
            too large.
    """
    try:
        return (await sent_file(values, "video"))[1]
    except ServiceError as error:
        raise ServiceError("FRS.0701") if error.entry.code == "FRS.0015" else error from None


def asked(values: ActionInput) -> Asked:
    """What the person was asked to do.

    Raises:
        ServiceError: ``FRS.0011`` no action, ``FRS.0702`` one that is not known, ``FRS.0704`` more than 10, ``FRS.0703`` times or a
            threshold that cannot be.
    """
    actions = action_codes(values.actions)
    threshold = limits.NOD_THRESHOLD if values.nod_threshold is None else values.nod_threshold
    low, high = limits.NOD_THRESHOLDS
    if not low <= threshold <= high:
        raise ServiceError("FRS.0703", f"nod_threshold must be {low} to {high} degrees")
    return Asked(actions, _windows(values.action_time, len(actions)), threshold)


def action_codes(text: str | None) -> tuple[Action, ...]:
    """Actions from their codes, joined by commas."""
    if not text or not text.strip():
        raise ServiceError("FRS.0011", "actions")
    codes = [code.strip() for code in text.split(",")]
    if len(codes) > limits.MAX_ACTIONS:
        raise ServiceError("FRS.0704")
    for code in codes:
        if not _CODE.fullmatch(code) or int(code) not in set(Action):
            raise ServiceError("FRS.0702", code if _CODE.fullmatch(code) else "that is not a number of 1 to 5")
    return tuple(Action(int(code)) for code in codes)


def _windows(text: str | None, count: int) -> tuple[tuple[int, int], ...] | None:
    if text is None or not text.strip():
        return None
    parts = [_WINDOW.fullmatch(part) for part in text.split(",")]
    windows = tuple((int(part[1]), int(part[2])) for part in parts if part)
    if len(windows) != len(parts) or len(windows) != count or any(start >= end for start, end in windows):
        raise ServiceError("FRS.0703", "action_time must have a start-end in milliseconds for each action")
    return windows
