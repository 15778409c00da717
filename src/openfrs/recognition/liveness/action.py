"""Action liveness: did a person do what was asked, in the order asked, in front of the camera."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import simplejpeg

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.geometry import intersection_over_union
from openfrs.media.decoding.video import Frame, VideoLimits, open_video
from openfrs.recognition.main_face import main_face
from openfrs.recognition.recognizer import Recognizer
from openfrs.vision.attributes.types import Trait
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

from . import silent
from .gestures import Action, Gesture, Moment, NeutralFace, gestures, is_frontal, matched, neutral, unrequested
from .parallax import MidlineTracker
from .warnings import WarningCode

RATE: Final = 10
RATE_FOR_BLINKS: Final = 15
"""Frames a second that are looked at: turns and nods take half a second or more, a blink a fifth."""

SAMPLES_EVERY: Final = 400
"""Milliseconds between the frames on which it is seen whether the face is alive and still the same person's."""

SAME_PERSON: Final = 0.3
"""Cosine to the most typical sample below which a sample is of somebody else. In the labelled clips the same person's fell to
0.32 at worst, in a video of 176 x 144 pixels; those of two people are about 0."""

SEEN: Final = 0.5
"""The share of the frames that must show a face."""

SECOND_FACE: Final = 0.25
"""From this share of the main face's area on, another face is warned of."""

_TRACKED: Final = 0.3
_JPEG_QUALITY: Final = 90
_WITHOUT_EYES: Final = frozenset({Trait.POSE, Trait.MOUTH, Trait.LANDMARKS})
_WITH_EYES: Final = _WITHOUT_EYES | {Trait.EYES}


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What a person was asked to do."""

    actions: tuple[Action, ...]
    windows: tuple[tuple[int, int], ...] | None = None
    """For each action, the milliseconds between which it must reach its peak."""

    nod_threshold: float = limits.NOD_THRESHOLD
    mirrored: bool = False
    """Whether the video shows the person as a mirror does, so that left and right change places."""


@dataclass(frozen=True, slots=True)
class ActionDecision:
    """What a video says."""

    alive: bool
    actions: tuple[tuple[Action, float], ...]
    """Each action asked for and how sure it is that it was done, 0..1."""

    picture: bytes
    """The frame in which the face that looks ahead is largest, as JPEG; empty where no frame shows a face."""

    warnings: tuple[WarningCode, ...] = ()


@dataclass(slots=True)
class Observation:
    """What was seen of the main face of a video."""

    length: int = 0
    """Milliseconds."""

    frames: int = 0
    crowded: int = 0
    """Frames in which another face is nearly as large."""

    moments: list[Moment] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    """Verdicts of silent liveness on sampled frames in which the face looks ahead."""

    embeddings: list[npt.NDArray[np.float32]] = field(default_factory=list)
    """Unit embeddings of the same frames."""

    best: Image | None = None
    _size: float = 0.0

    def keep_best(self, image: Image, face: Detection, ahead: bool) -> None:
        """Keep the frame if it shows the face better than those before: ahead before turned, then larger."""
        size = face.area * (1e6 if ahead else 1.0)
        if size > self._size:
            self.best, self._size = image, size


class ActionLiveness:
    """Judges videos on the recognizer's threads."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    async def judge(self, video: bytes, asked: ActionRequest) -> ActionDecision:
        """The verdict on a video.

        Raises:
            ServiceError: ``FRS.0701`` or ``FRS.0706`` for the video, ``FRS.0020`` the weights are not there, ``FRS.0033`` there is
                no room.
        """
        eyes = Action.BLINK in asked.actions
        return await self._recognizer.run(lambda pipeline: verdict(observe(pipeline, video, eyes=eyes), asked))


def observe(pipeline: Pipeline, video: bytes, *, eyes: bool, bounds: VideoLimits | None = None) -> Observation:
    """Watch a video: the main face of each frame looked at, and samples of it.

    Raises:
        ServiceError: ``FRS.0701``, ``FRS.0706`` or ``FRS.0020``
    """
    seen = Observation()
    last: Detection | None = None
    line = MidlineTracker()
    due = 0
    with open_video(video, RATE_FOR_BLINKS if eyes else RATE, bounds) as frames:
        seen.length = frames.length
        for frame in frames:
            seen.frames += 1
            faces = pipeline.detect(frame.pixels)
            last = _followed(faces, last, frame)
            if last is None:
                line.lost()
                continue
            seen.crowded += sum(face.area >= SECOND_FACE * last.area for face in faces) > 1
            moment = _moment(pipeline, frame, last, line, eyes=eyes)
            seen.moments.append(moment)
            ahead = is_frontal(moment)
            seen.keep_best(frame.pixels, last, ahead)
            if ahead and frame.time >= due:
                due = frame.time + SAMPLES_EVERY
                _sample(pipeline, frame, last, seen)
    return seen


def verdict(seen: Observation, asked: ActionRequest) -> ActionDecision:
    """What an observation says of the actions asked for."""
    rest = neutral(seen.moments)
    found = _done(seen.moments, rest, asked)
    answers = matched(found, asked.actions, asked.windows)
    warnings = _warnings(seen, rest)
    extra = asked.windows is None and unrequested(found, answers)
    done = None not in answers and not extra
    if rest and not done:
        warnings.add(WarningCode.SMALL_MOVEMENT)
    picture = b""
    if seen.best is not None:
        picture = bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(seen.best), _JPEG_QUALITY, colorspace="RGB"))
    return ActionDecision(
        alive=done and not warnings & {WarningCode.NOT_FRONTAL, WarningCode.NO_FACE, WarningCode.NOT_A_PERSON},
        actions=tuple(
            (action, answer.confidence if answer else 0.0)
            for action, answer in zip(asked.actions, answers, strict=True)
        ),
        picture=picture,
        warnings=tuple(sorted(warnings)),
    )


_MIRROR: Final = {Action.TURN_LEFT: Action.TURN_RIGHT, Action.TURN_RIGHT: Action.TURN_LEFT}


def _done(moments: Sequence[Moment], rest: NeutralFace | None, asked: ActionRequest) -> list[Gesture]:
    found = gestures(moments, rest, asked.nod_threshold) if rest else []
    if asked.mirrored:
        found = [
            Gesture(_MIRROR.get(each.action, each.action), each.start, each.peak, each.end, each.size) for each in found
        ]
    return found


def _warnings(seen: Observation, rest: NeutralFace | None) -> set[WarningCode]:
    warnings = set()
    if len(seen.moments) < SEEN * seen.frames:
        warnings.add(WarningCode.NO_FACE)
    if 5 * seen.crowded > seen.frames:
        warnings.add(WarningCode.TWO_FACES)
    if seen.moments and rest is None:
        warnings.add(WarningCode.NOT_FRONTAL)
    if not seen.live:
        warnings.add(WarningCode.NO_PICTURE)
    if seen.moments and not (is_alive(seen) and is_one_person(seen)):
        warnings.add(WarningCode.NOT_A_PERSON)
    return warnings


def is_alive(seen: Observation) -> bool:
    """Whether most samples were taken from a person."""
    return bool(seen.live) and float(np.median(seen.live)) >= silent.ALIVE


def is_one_person(seen: Observation) -> bool:
    """Whether all samples show the person that most of them show."""
    if not seen.embeddings:
        return False
    likeness = np.stack(seen.embeddings) @ np.stack(seen.embeddings).T
    typical = int(np.median(likeness, axis=1).argmax())
    return bool(likeness[typical].min() >= SAME_PERSON)


def _followed(faces: list[Detection], last: Detection | None, frame: Frame) -> Detection | None:
    """The face that was followed so far, else the main one."""
    near = [face for face in faces if last is not None and intersection_over_union(face, last) > _TRACKED]
    if near:
        return max(near, key=lambda face: face.area)
    return main_face(faces, frame.pixels)


def _moment(pipeline: Pipeline, frame: Frame, face: Detection, line: MidlineTracker, *, eyes: bool) -> Moment:
    traits = pipeline.describe(frame.pixels, face, _WITH_EYES if eyes else _WITHOUT_EYES)
    if traits.pose is None or traits.mouth is None or traits.landmarks is None or (eyes and traits.eyes is None):
        raise ServiceError("FRS.0020", "action liveness")
    return Moment(
        frame.time,
        yaw=traits.pose.yaw,
        pitch=traits.pose.pitch,
        mouth=traits.mouth,
        eyes=sum(traits.eyes) / 2 if traits.eyes else None,
        landmarks=face.landmarks,
        profile=line.follow(frame.pixels, face, traits.landmarks, traits.pose.yaw),
    )


def _sample(pipeline: Pipeline, frame: Frame, face: Detection, seen: Observation) -> None:
    live = silent.confidence(pipeline, frame.pixels, face)
    if live is None:
        raise ServiceError("FRS.0020", "silent liveness")
    seen.live.append(live)
    seen.embeddings.append(pipeline.embed(frame.pixels, [face])[0])
