"""Labelled clips for action liveness."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.recognition.liveness.types import Action

_ACTIONS: Final = {"yaw_img_right": Action.TURN_LEFT, "yaw_img_left": Action.TURN_RIGHT, "pitch_down": Action.NOD}
"""Labels name directions in the image; actions are those of the person."""


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A video, its kind, and its turns and nods with the milliseconds of their peaks."""

    path: Path
    kind: str
    actions: tuple[tuple[Action, int], ...]


def labelled_clips(file: Path) -> list[LabelledClip]:
    """Read a ``clips.json``: a list of file (relative to it), kind, and events with action and peak_ms.

    Raises:
        OperatorError: the file is not a list of clips.
    """
    try:
        return [
            LabelledClip(
                file.parent / clip["file"],
                clip["kind"].removeprefix("spoof_"),
                tuple(
                    (_ACTIONS[event["action"]], event["peak_ms"])
                    for event in clip["events"]
                    if event["action"] in _ACTIONS
                ),
            )
            for clip in json.loads(file.read_text("utf-8"))
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"{file} is not a list of clips") from error
