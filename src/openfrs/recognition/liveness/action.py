"""Action liveness: whether a live person performed the requested actions in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import simplejpeg

from openfrs.core.checkpoints import checkpoint
from openfrs.core.errors import ServiceError
from openfrs.media.decoding.video import Frame, VideoLimits, open_video
from openfrs.vision.attributes.types import Trait
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

from . import silent
from .gestures import (
    Gesture,
    Moment,
    NeutralFace,
    detect_gestures,
    is_frontal,
    neutral_face,
)
from .matching import match_actions, mistake
from .parallax import MidlineTracker
from .tracking import FaceTracker
from .types import SAME_PERSON, Action, ActionDecision, ActionRequest
from .warnings import WarningCode

FRAME_RATE: Final = 10
FRAME_RATE_FOR_BLINKS: Final = 15
"""Frames per second that are analysed: turns and nods take half a second or more, a blink a fifth."""

SAMPLE_INTERVAL: Final = 400
"""Milliseconds between the frames that are checked for silent liveness and identity."""

SAMPLES_THRESHOLD: Final = 0.6
"""Minimum median confidence of the samples. It varies less than that of one image: in the labelled clips it was at least 0.79 for
people and at most 0.46 for screens."""

MIN_FACE_SHARE: Final = 0.5
"""Minimum share of the frames that must show a face."""

_JPEG_QUALITY: Final = 90
_TRAITS: Final = frozenset({Trait.POSE, Trait.MOUTH, Trait.LANDMARKS})
_TRAITS_WITH_EYES: Final = _TRAITS | {Trait.EYES}


@dataclass(slots=True)
class Observation:
    """Measurements of the main face of a video."""

    length: int = 0
    """Milliseconds."""

    frames: int = 0
    looks: int = 0
    """Number of frames that were searched for all faces."""

    crowded: int = 0
    """Number of those with another large face."""

    moments: list[Moment] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    """Silent liveness of sampled frames with a frontal face."""

    embeddings: list[npt.NDArray[np.float32]] = field(default_factory=list)
    """Unit embeddings of the same frames."""

    best: Image | None = None
    _size: float = 0.0

    def keep_best(self, image: Image, face: Detection, frontal: bool) -> None:
        """Keep the frame if it shows the face better than earlier ones: frontal before turned, then larger."""
        size = face.area * (1e6 if frontal else 1.0)
        if size > self._size:
            self.best, self._size = image, size


def observe(pipeline: Pipeline, video: bytes, *, eyes: bool, bounds: VideoLimits | None = None) -> Observation:
    """Measure the main face in the frames of a video.

    Raises:
        ServiceError: ``FRS.0701``, ``FRS.0706`` or ``FRS.0020`` as :meth:`.checks.ActionLiveness.check`.
    """
    observation = Observation()
    tracker, midline = FaceTracker(pipeline), MidlineTracker()
    next_sample = 0
    with open_video(video, FRAME_RATE_FOR_BLINKS if eyes else FRAME_RATE, bounds) as frames:
        observation.length = frames.length
        for frame in frames:
            checkpoint()
            observation.frames += 1
            face = tracker.update(frame)
            if face is None:
                midline.reset()
                continue
            moment = _measure(pipeline, frame, face, midline, eyes=eyes)
            observation.moments.append(moment)
            frontal = is_frontal(moment)
            observation.keep_best(frame.pixels, face, frontal)
            if frontal and frame.time >= next_sample and _sample(pipeline, frame, tracker.look(frame), observation):
                next_sample = frame.time + SAMPLE_INTERVAL
    observation.looks, observation.crowded = tracker.looks, tracker.crowded
    return observation


def decide(observation: Observation, request: ActionRequest) -> ActionDecision:
    """Match the gestures of an observation with the requested actions."""
    neutral = neutral_face(observation.moments)
    gestures = _gestures(observation.moments, neutral, request)
    matches = match_actions(gestures, request.actions, request.windows)
    warnings = _warnings(observation, neutral)
    wrong = mistake(gestures, matches, request.actions, timed=request.windows is not None)
    if neutral and wrong:
        warnings.add(wrong)
    image = b""
    if observation.best is not None:
        image = bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(observation.best), _JPEG_QUALITY, colorspace="RGB"))
    return ActionDecision(
        alive=wrong is None and not warnings & {WarningCode.NOT_FRONTAL, WarningCode.NO_FACE, WarningCode.NOT_A_PERSON},
        actions=tuple(
            (action, gesture.confidence if gesture else 0.0)
            for action, gesture in zip(request.actions, matches, strict=True)
        ),
        image=image,
        warnings=tuple(sorted(warnings)),
    )


_MIRROR: Final = {Action.TURN_LEFT: Action.TURN_RIGHT, Action.TURN_RIGHT: Action.TURN_LEFT}


def _gestures(moments: Sequence[Moment], neutral: NeutralFace | None, request: ActionRequest) -> list[Gesture]:
    gestures = detect_gestures(moments, neutral, request.nod_threshold) if neutral else []
    if request.mirrored:
        gestures = [
            Gesture(_MIRROR.get(each.action, each.action), each.start, each.peak, each.end, each.size)
            for each in gestures
        ]
    return gestures


def _warnings(observation: Observation, neutral: NeutralFace | None) -> set[WarningCode]:
    warnings = set()
    if len(observation.moments) < MIN_FACE_SHARE * observation.frames:
        warnings.add(WarningCode.NO_FACE)
    if 5 * observation.crowded > observation.looks:
        warnings.add(WarningCode.TWO_FACES)
    if observation.moments and neutral is None:
        warnings.add(WarningCode.NOT_FRONTAL)
    if not observation.live:
        warnings.add(WarningCode.NO_GOOD_FRAME)
    if observation.moments and not (is_alive(observation) and is_one_person(observation)):
        warnings.add(WarningCode.NOT_A_PERSON)
    return warnings


def is_alive(observation: Observation) -> bool:
    """Return whether the median sample passes silent liveness."""
    return bool(observation.live) and float(np.median(observation.live)) >= SAMPLES_THRESHOLD


def is_one_person(observation: Observation) -> bool:
    """Return whether all samples show the same person."""
    if not observation.embeddings:
        return False
    embeddings = np.stack(observation.embeddings)
    cosines = embeddings @ embeddings.T
    typical = int(np.median(cosines, axis=1).argmax())
    return bool(cosines[typical].min() >= SAME_PERSON)


def _measure(pipeline: Pipeline, frame: Frame, face: Detection, midline: MidlineTracker, *, eyes: bool) -> Moment:
    traits = pipeline.describe(frame.pixels, face, _TRAITS_WITH_EYES if eyes else _TRAITS)
    if traits.pose is None or traits.mouth is None or traits.landmarks is None or (eyes and traits.eyes is None):
        raise ServiceError("FRS.0020", "action liveness")
    return Moment(
        frame.time,
        yaw=traits.pose.yaw,
        pitch=traits.pose.pitch,
        mouth=traits.mouth,
        eyes=sum(traits.eyes) / 2 if traits.eyes else None,
        landmarks=face.landmarks,
        parallax=midline.update(frame.pixels, face, traits.landmarks, traits.pose.yaw),
    )


def _sample(pipeline: Pipeline, frame: Frame, face: Detection | None, observation: Observation) -> bool:
    """Add a sample, if a second look confirms the face: the embedding of landmarks that are less precise differs by chance.

    Silent liveness was trained with faces found in whole frames, so ``face`` is one.
    """
    confirmed = None if face is None else pipeline.confirm(frame.pixels, face)
    if face is None or confirmed is None:
        return False
    live = silent.confidence(pipeline, frame.pixels, face)
    if live is None:
        raise ServiceError("FRS.0020", "silent liveness")
    observation.live.append(live)
    observation.embeddings.append(pipeline.embed(frame.pixels, [confirmed])[0])
    return True
