"""Labelled clips for action liveness, whole and cut."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.media.decoding.video import VideoLimits, open_video
from openfrs.recognition.liveness.types import Action

from .encoding import encode_h264

_ACTIONS: Final = {"yaw_img_right": Action.TURN_LEFT, "yaw_img_left": Action.TURN_RIGHT, "pitch_down": Action.NOD}
"""Labels name directions in the image; actions are those of the person."""


RATE: Final = 30
"""Maximum frames per second of a cut."""

LIMITS: Final = VideoLimits(longest=60_000, seconds=120)
"""Limits of labelled clips, some of which are longer than those of requests."""

_CRF: Final = 12


@dataclass(frozen=True, slots=True)
class LabelledAction:
    """A turn or nod, with its start, peak and end in milliseconds."""

    action: Action
    start: int
    peak: int
    end: int


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A video, its kind, the person, and its turns and nods."""

    path: Path
    kind: str
    person: str
    actions: tuple[LabelledAction, ...]


def cut(video: bytes, start: int, end: int) -> bytes:
    """Return the part of a video between two times in milliseconds, encoded again.

    Raises:
        ServiceError: as :func:`~openfrs.media.decoding.video.open_video`.
    """
    with open_video(video, RATE, LIMITS) as frames:
        kept = [(frame.time, frame.pixels) for frame in frames if start <= frame.time <= end]
    return encode_h264(((time - kept[0][0], pixels) for time, pixels in kept), crf=_CRF)


def labelled_clips(file: Path) -> list[LabelledClip]:
    """Read a ``clips.json``: a list of file (relative to it), kind, and events with action and peak_ms.

    The subject of a clip, and start_ms and end_ms of an event, are optional.

    Raises:
        OperatorError: the file is not a list of clips.
    """
    try:
        return [
            LabelledClip(
                file.parent / clip["file"],
                clip["kind"].removeprefix("spoof_"),
                clip.get("subject", ""),
                tuple(
                    LabelledAction(
                        _ACTIONS[event["action"]],
                        event.get("start_ms", event["peak_ms"]),
                        event["peak_ms"],
                        event.get("end_ms", event["peak_ms"]),
                    )
                    for event in clip["events"]
                    if event["action"] in _ACTIONS
                ),
            )
            for clip in json.loads(file.read_text("utf-8"))
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"{file} is not a list of clips") from error
