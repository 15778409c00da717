"""Gesture detection from head pose, eyes and mouth over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final

from openfrs.vision.types import Points

from .parallax import MIN_NOSE_SHIFT, MIN_PARALLAX, nose_shift
from .types import HEAD_ACTIONS, Action

TURN_THRESHOLD: Final = 15.0
"""Minimum change of yaw of a turn, in degrees. FRS advises 15 to 30. Photographs tilted by 50 degrees mostly stayed
below 10, but reached 21."""

MIN_NOD_THRESHOLD: Final = 15.0
"""Minimum degrees of pitch of a nod, regardless of ``nod_threshold``: bent photographs reached 12, once 16."""

MOUTH_THRESHOLD: Final = 0.2
"""Increase of the gap between the lips over the width of the mouth."""

BLINK_THRESHOLD: Final = 0.35
"""Relative decrease of the opening of the eyes."""

MAX_BLINK: Final = 2000
"""Milliseconds; eyes that stay closed for longer do not count as a blink."""

MAX_NOD: Final = 4000
"""Milliseconds; a head that stays down for longer does not count as a nod. The labelled nods last 1 to 2.3 s."""

RELEASE: Final = 0.5
"""A gesture ends below this share of its threshold, or of its maximum size if the neutral position drifts."""

_DRIFTING: Final = frozenset({Action.NOD, Action.OPEN_MOUTH})
"""Actions after which people return to a different neutral position."""

MERGE_INTERVAL: Final = 700
"""Milliseconds within which two head movements in the same direction are merged."""

FRONTAL_YAW, FRONTAL_PITCH = 20.0, 25.0
"""Degrees within which a mouth can be measured and a face recognised."""

EYES_YAW, EYES_PITCH = 15.0, 10.0
"""Degrees within which eyes can be measured."""

_NEUTRAL_YAW: Final = 12.0
_STILL_SPEED: Final = 20.0
"""Degrees per second below which a head is still."""

_LEVEL_PITCH: Final = 15.0
"""Degrees by which the pitch of a level head may differ from the level. At the bottom of the labelled nods it is 25 or more."""

_ENOUGH: Final = 3
"""Number of moments whose median is reliable."""

_OPENING_RANGE, _MAX_OPENING_PITCH = 6.0, 30.0
"""Degrees by which the pitch of a head at rest varies over the first moments, and which it does not exceed."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Measurements of a face at one time (milliseconds): degrees (signs as in ``HeadPose``) and ratios."""

    time: int
    yaw: float
    pitch: float
    mouth: float
    eyes: float | None = None
    landmarks: Points | None = field(default=None, compare=False)
    """The detector's five landmarks."""

    parallax: float | None = None
    """Distance of the tip of the nose to the right of the middle line, as :meth:`.parallax.MidlineTracker.update` returns it."""


@dataclass(frozen=True, slots=True)
class NeutralFace:
    """Measurements of a face at rest."""

    yaw: float
    pitch: float
    mouth: float
    eyes: float | None
    landmarks: Points | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Gesture:
    """A performed action: its start, peak and end in milliseconds, and its maximum size in thresholds."""

    action: Action
    start: int
    peak: int
    end: int
    size: float

    @property
    def confidence(self) -> float:
        """0.5 at the threshold, 1 from twice the threshold."""
        return min(1.0, self.size / 2)


def neutral_face(moments: Sequence[Moment]) -> NeutralFace | None:
    """Return the face at rest, the median of frontal, level, still moments; None without a frontal face.

    Level is the pitch at which the video opens if it opens with a head at rest, and otherwise a pitch of 0: within a nod the head
    is most still at the bottom.
    """
    frontal = [moment for moment in moments if abs(moment.yaw) < _NEUTRAL_YAW]
    if not frontal:
        return None
    resting = _resting(moments, frontal, _opening_pitch(moments))
    eyes = [moment.eyes for moment in resting if moment.eyes is not None]
    yaw, pitch = median(moment.yaw for moment in resting), median(moment.pitch for moment in resting)
    nearest = min(resting, key=lambda moment: abs(moment.yaw - yaw) + abs(moment.pitch - pitch))
    return NeutralFace(
        yaw=yaw,
        pitch=pitch,
        mouth=median(moment.mouth for moment in resting),
        eyes=median(eyes) if eyes else None,
        landmarks=nearest.landmarks,
    )


def _resting(moments: Sequence[Moment], frontal: Sequence[Moment], pitch: float) -> Sequence[Moment]:
    """Return the moments that show the head at rest, given the level ``pitch``; at least one."""
    still = [
        moment
        for before, moment, after in zip(moments, moments[1:], moments[2:], strict=False)
        if abs(moment.yaw) < _NEUTRAL_YAW
        and abs(moment.pitch - pitch) < _LEVEL_PITCH
        and _speed(before, after) < _STILL_SPEED
    ]
    if len(still) >= _ENOUGH:
        return still
    return sorted(frontal, key=lambda moment: abs(moment.yaw) + abs(moment.pitch - pitch))[:_ENOUGH]


def _opening_pitch(moments: Sequence[Moment]) -> float:
    """Return the pitch of a head that is at rest when the video opens, because a camera may look up or down at it; otherwise 0."""
    opening = moments[: _ENOUGH + 1]
    pitches = [moment.pitch for moment in opening]
    at_rest = (
        len(opening) > _ENOUGH
        and all(abs(moment.yaw) < _NEUTRAL_YAW for moment in opening)
        and max(pitches) - min(pitches) < _OPENING_RANGE
        and max(map(abs, pitches)) < _MAX_OPENING_PITCH
    )
    return median(pitches) if at_rest else 0.0


def detect_gestures(moments: Sequence[Moment], neutral: NeutralFace, nod_threshold: float = 0.0) -> list[Gesture]:
    """Return all gestures in order of their peaks. Blinks are detected only if the moments include eyes."""
    smooth = _smoothed(moments)
    nod = max(MIN_NOD_THRESHOLD, nod_threshold)
    measures: dict[Action, Callable[[Moment], float]] = {
        Action.TURN_LEFT: lambda moment: (neutral.yaw - moment.yaw) / TURN_THRESHOLD,
        Action.TURN_RIGHT: lambda moment: (moment.yaw - neutral.yaw) / TURN_THRESHOLD,
        Action.NOD: lambda moment: (moment.pitch - neutral.pitch) / nod,
        Action.OPEN_MOUTH: lambda moment: (moment.mouth - neutral.mouth) / MOUTH_THRESHOLD,
    }
    candidates = [
        gesture for action, measure in measures.items() for gesture in _excursions(action, smooth, measure)
    ] + _excursions(Action.BLINK, moments, lambda moment: _eye_closure(moment, neutral) / BLINK_THRESHOLD)
    return sorted(
        (gesture for gesture in candidates if _is_plausible(gesture, smooth, neutral)),
        key=lambda gesture: gesture.peak,
    )


def is_frontal(moment: Moment, neutral: NeutralFace | None = None) -> bool:
    """Return whether the head pose allows measuring the mouth and recognising the face."""
    yaw, pitch = (neutral.yaw, neutral.pitch) if neutral else (0.0, 0.0)
    return abs(moment.yaw - yaw) < FRONTAL_YAW and abs(moment.pitch - pitch) < FRONTAL_PITCH


def _excursions(action: Action, moments: Sequence[Moment], measure: Callable[[Moment], float]) -> list[Gesture]:
    """Return the intervals from the moment ``measure`` reaches 1 until it is released.

    Head movements with hardly a pause between them are merged, because angles near profile are unstable. An interval that
    is in progress at the start of the video does not count; at its end, all but blinks count if
    they last for three moments or more.
    """
    gestures: list[Gesture] = []
    start: Moment | None = None
    peak, size, armed = 0, 0.0, False
    for moment in moments:
        value = measure(moment)
        if start is None:
            armed = armed or value < 1
            if armed and value >= 1:
                start, peak, size = moment, moment.time, value
        elif value > size:
            peak, size = moment.time, value
        elif value < RELEASE * (max(1.0, size) if action in _DRIFTING else 1.0):
            _append(gestures, Gesture(action, start.time, peak, moment.time, size))
            start = None
    if start in moments[: -_ENOUGH + 1] and start is not None and action is not Action.BLINK:
        _append(gestures, Gesture(action, start.time, peak, moments[-1].time, size))
    return gestures


def _append(gestures: list[Gesture], gesture: Gesture) -> None:
    """Append a gesture, or merge it with the previous one if both are parts of the same head movement."""
    last = gestures[-1] if gestures else None
    if last and gesture.action in HEAD_ACTIONS and gesture.start - last.end < MERGE_INTERVAL:
        larger = max(last, gesture, key=lambda each: each.size)
        gestures[-1] = Gesture(gesture.action, last.start, larger.peak, gesture.end, larger.size)
    else:
        gestures.append(gesture)


def _is_plausible(gesture: Gesture, moments: Sequence[Moment], neutral: NeutralFace) -> bool:
    """Return whether the other measurements of the face agree with a gesture."""
    during = [moment for moment in moments if gesture.start <= moment.time <= gesture.end]
    peak = next(moment for moment in during if moment.time == gesture.peak)
    if gesture.action is Action.NOD:
        return abs(peak.yaw - neutral.yaw) < FRONTAL_YAW and gesture.end - gesture.start <= MAX_NOD
    if gesture.action is Action.OPEN_MOUTH:
        return is_frontal(peak, neutral)
    if gesture.action is Action.BLINK:
        return gesture.end - gesture.start <= MAX_BLINK
    return _has_parallax(during, peak, neutral, 1 if gesture.action is Action.TURN_LEFT else -1)


def _has_parallax(during: Sequence[Moment], peak: Moment, neutral: NeutralFace, side: int) -> bool:
    """Return whether the nose moves towards one side of the image (1: right) as on a head; unknown distances count as parallax."""
    distances = [side * moment.parallax for moment in during if moment.parallax is not None]
    if distances and max(distances) < MIN_PARALLAX:
        return False
    if peak.landmarks is None or neutral.landmarks is None:
        return True
    shift = nose_shift(neutral.landmarks, peak.landmarks)
    return shift is None or side * shift >= MIN_NOSE_SHIFT


def _eye_closure(moment: Moment, neutral: NeutralFace) -> float:
    """Return the relative decrease of the opening of the eyes; 0 if it cannot be measured."""
    if moment.eyes is None or not neutral.eyes or not _can_measure_eyes(moment, neutral):
        return 0.0
    return 1 - moment.eyes / neutral.eyes


def _can_measure_eyes(moment: Moment, neutral: NeutralFace) -> bool:
    """Return whether the head pose leaves the eyelids in place: looking down lowers them."""
    return abs(moment.yaw - neutral.yaw) <= EYES_YAW and abs(moment.pitch - neutral.pitch) <= EYES_PITCH


def _speed(before: Moment, after: Moment) -> float:
    """Return the speed of the head between two moments, in degrees per second."""
    distance = max(abs(after.yaw - before.yaw), abs(after.pitch - before.pitch))
    return 1000 * distance / max(1, after.time - before.time)


def _smoothed(moments: Sequence[Moment]) -> list[Moment]:
    """Apply a median filter of three frames to angles and mouth, which removes outliers of a single frame."""
    if len(moments) < 3:
        return list(moments)
    inner = [
        replace(
            middle,
            yaw=median((before.yaw, middle.yaw, after.yaw)),
            pitch=median((before.pitch, middle.pitch, after.pitch)),
            mouth=median((before.mouth, middle.mouth, after.mouth)),
        )
        for before, middle, after in zip(moments, moments[1:], moments[2:], strict=False)
    ]
    return [moments[0], *inner, moments[-1]]
