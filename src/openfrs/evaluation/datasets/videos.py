"""Labelled clips, and videos of moved photographs, for action liveness."""

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
from openfrs.vision.types import Image

from .attacks import MOVES, film

_BOUNDS: Final = VideoLimits(longest=60_000)
"""Labelled clips may be longer than the service accepts."""

_ACTIONS: Final = {"yaw_img_right": Action.TURN_LEFT, "yaw_img_left": Action.TURN_RIGHT, "pitch_down": Action.NOD}
"""Labels name directions in the image; actions are those of the person."""

_PHOTO_SIDE: Final = 480
_MODELS: Final = "face mesh, iris, silent liveness"


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


def evaluate_clips(pipeline: Pipeline, file: Path) -> ActionResult:
    """Measure every clip of a ``clips.json``, including the eyes."""
    clips = []
    for clip in labelled_clips(file):
        observation = observe(pipeline, clip.path.read_bytes(), eyes=True, bounds=_BOUNDS)
        name = f"{clip.path.parent.name[-24:]}/{clip.path.name}"
        clips.append(clip_result(name, clip.kind, clip.actions, observation))
    return ActionResult(data=f"{len(clips)} clips", models=_MODELS, clips=tuple(clips))


def evaluate_photographs(pipeline: Pipeline, photos: list[Path]) -> ActionResult:
    """Measure videos of photographs that are moved in every way of :data:`.attacks.MOVES`."""
    clips = []
    for number, (name, image) in enumerate(_squares(photos)):
        for move, moved in MOVES.items():
            result = clip_result(f"{number:02d} {name}", move, None, observe(pipeline, film(image, moved), eyes=True))
            clips.append(result.model_copy(update={"curves": {}}))
    return ActionResult(
        data=f"{len(photos)} photographs, each moved in {len(MOVES)} ways, made without camera or paper",
        models=_MODELS,
        clips=tuple(clips),
    )


def _squares(photos: list[Path]) -> Iterator[tuple[str, Image]]:
    for path in photos:
        image = EncodedImage.from_file(path).decode()
        yield path.stem, np.asarray(cv2.resize(image, (_PHOTO_SIDE, _PHOTO_SIDE)), np.uint8)
