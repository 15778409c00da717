"""Labelled videos and photographs made to move, watched and judged."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from openfrs.core.errors import OperatorError
from openfrs.evaluation.metrics.action import ActionResult, clip_result
from openfrs.media.decoding.image import EncodedImage
from openfrs.media.decoding.video import VideoLimits
from openfrs.recognition.liveness.action import observe
from openfrs.recognition.liveness.gestures import Action
from openfrs.vision.pipeline import Pipeline

from .attacks import MOVES, film

_BOUNDS: Final = VideoLimits(longest=60_000)
"""Labelled clips may be longer than what the service takes."""

_ACTIONS: Final = {"yaw_img_right": Action.TURN_LEFT, "yaw_img_left": Action.TURN_RIGHT, "pitch_down": Action.NOD}
"""Labels name directions in the picture, actions the person's own."""

_PHOTO_SIDE: Final = 480


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A video, of what kind it is, and the turns and nods in it with the milliseconds of their peak."""

    path: Path
    kind: str
    actions: tuple[tuple[Action, int], ...]


def labelled_clips(file: Path) -> list[LabelledClip]:
    """The clips of a ``clips.json``: file (relative to it), kind, events with action and peak_ms.

    Raises:
        OperatorError: it is no such file.
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
        raise OperatorError(f"{file} does not list clips") from error


def watch_clips(pipeline: Pipeline, file: Path) -> ActionResult:
    """Watch every clip of a ``clips.json``; eyes are looked at in all of them."""
    clips = []
    for clip in labelled_clips(file):
        seen = observe(pipeline, clip.path.read_bytes(), eyes=True, bounds=_BOUNDS)
        name = f"{clip.path.parent.name[-24:]}/{clip.path.name}"
        clips.append(clip_result(name, clip.kind, clip.actions, seen))
    return ActionResult(data=f"{len(clips)} clips", models="face mesh, iris, silent liveness", clips=tuple(clips))


def watch_photographs(pipeline: Pipeline, photos: list[Path]) -> ActionResult:
    """Watch photographs that are moved in every way."""
    clips = []
    for photo, (name, image) in enumerate(_squares(photos)):
        for move, moved in MOVES.items():
            seen = observe(pipeline, film(image, moved), eyes=True)
            seen_as = clip_result(f"{photo:02d} {name}", move, None, seen)
            clips.append(seen_as.model_copy(update={"curves": {}}))
    return ActionResult(
        data=f"{len(photos)} photographs, each moved in {len(MOVES)} ways, made without camera or paper",
        models="face mesh, iris, silent liveness",
        clips=tuple(clips),
    )


def _squares(photos: list[Path]) -> Iterator[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]]:
    for path in photos:
        image = EncodedImage.from_file(path).decode()
        yield path.stem, np.asarray(cv2.resize(image, (_PHOTO_SIDE, _PHOTO_SIDE)), np.uint8)
