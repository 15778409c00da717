"""What a person did in a video, told from how the head's angles, the eyes and the mouth went from moment to moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from statistics import median
from typing import Final

from openfrs.vision.types import Points

from .parallax import MIN_NOSE_SHIFT, MIN_PARALLAX, nose_shift


class Action(IntEnum):
    """What FRS can ask for; left and right are the person's own."""

    TURN_LEFT = 1
    TURN_RIGHT = 2
    NOD = 3
    OPEN_MOUTH = 4
    BLINK = 5


HEAD: Final = frozenset({Action.TURN_LEFT, Action.TURN_RIGHT, Action.NOD})

TURN: Final = 15.0
"""Degrees of yaw that make a turn. FRS advises 15 to 30. Photographs tilted by 50 mostly stayed below 10, but reached 21."""

NOD: Final = 15.0
"""The least degrees of pitch that make a nod, however low ``nod_threshold`` is: bent photographs reached 12, once 16."""

MOUTH: Final = 0.2
"""By how much the lips' gap over the mouth's width must grow."""

BLINK: Final = 0.35
"""By which share of themselves the eyes must close."""

LONGEST_BLINK: Final = 2000
"""Milliseconds; eyes that are shut for longer have not blinked."""

CLEAR: Final = 1.4
"""A head movement that nobody asked for counts against the person from so many times the threshold on."""

RELEASE: Final = 0.5
"""A gesture is over when it is less than this share of its threshold, or of its greatest size where the rest drifts."""

_DRIFTING: Final = frozenset({Action.NOD, Action.OPEN_MOUTH})
"""People come back from these to another place than they left."""

FLICKER: Final = 700
"""Milliseconds within which two movements of the head in one direction are one."""

FRONTAL_YAW, FRONTAL_PITCH = 20.0, 25.0
"""Degrees within which a mouth can be measured, and a face recognised."""

EYES_YAW, EYES_PITCH = 15.0, 10.0
"""Degrees within which eyes can be."""

_NEUTRAL_YAW: Final = 12.0
_STILL: Final = 20.0
"""Degrees a second below which a head rests."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A face at one time of a video: milliseconds, degrees (signs as in ``HeadPose``), ratios without unit."""

    time: int
    yaw: float
    pitch: float
    mouth: float
    eyes: float | None = None
    landmarks: Points | None = field(default=None, compare=False)
    """The detector's."""

    profile: float | None = None
    """How far the tip of the nose has left the face's middle line to the right of the picture; None where that is not known."""


@dataclass(frozen=True, slots=True)
class NeutralFace:
    """A person's face at rest."""

    yaw: float
    pitch: float
    mouth: float
    eyes: float | None
    landmarks: Points | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Gesture:
    """Something a person did: when it began, was greatest and ended, in milliseconds, and how large it was.

    ``size`` is in thresholds: 1 is just enough.
    """

    action: Action
    start: int
    peak: int
    end: int
    size: float

    @property
    def confidence(self) -> float:
        """0.5 for what is just enough, 1 for what is twice that or more."""
        return min(1.0, self.size / 2)


def neutral(moments: Sequence[Moment]) -> NeutralFace | None:
    """The person's face at rest: the median of the moments in which the head looks ahead and is still, if there are any.

    None where it never looks ahead.
    """
    ahead = [moment for moment in moments if abs(moment.yaw) < _NEUTRAL_YAW]
    if not ahead:
        return None
    still = [
        moment
        for before, moment, after in zip(moments, moments[1:], moments[2:], strict=False)
        if abs(moment.yaw) < _NEUTRAL_YAW and _speed(before, after) < _STILL
    ]
    resting = still if len(still) >= 3 else ahead
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


def gestures(moments: Sequence[Moment], rest: NeutralFace, nod_threshold: float = 0.0) -> list[Gesture]:
    """Everything the person did, in order of time. Blinks are found only where the moments have eyes."""
    smooth = _smoothed(moments)
    measures: dict[Action, Callable[[Moment], float]] = {
        Action.TURN_LEFT: lambda moment: (rest.yaw - moment.yaw) / TURN,
        Action.TURN_RIGHT: lambda moment: (moment.yaw - rest.yaw) / TURN,
        Action.NOD: lambda moment: (moment.pitch - rest.pitch) / max(NOD, nod_threshold),
        Action.OPEN_MOUTH: lambda moment: (moment.mouth - rest.mouth) / MOUTH,
    }
    found = [
        gesture for action, measure in measures.items() for gesture in _excursions(action, smooth, measure)
    ] + _excursions(Action.BLINK, moments, lambda moment: _closing(moment, rest) / BLINK)
    return sorted(
        (gesture for gesture in found if _is_told_apart(gesture, smooth, rest)),
        key=lambda gesture: gesture.peak,
    )


def matched(
    found: Sequence[Gesture], asked: Sequence[Action], windows: Sequence[tuple[int, int]] | None = None
) -> list[Gesture | None]:
    """The gesture that answers each action asked for, in the order asked; None from the first that is missing on.

    With ``windows``, one an action in milliseconds, a gesture must reach its peak within its window.
    """
    answers: list[Gesture | None] = []
    rest = list(found)
    for place, action in enumerate(asked):
        low, high = windows[place] if windows else (0, 2**31)
        answer = next((each for each in rest if each.action is action and low <= each.peak <= high), None)
        answers.append(answer)
        rest = [] if answer is None else rest[rest.index(answer) + 1 :]
    return answers


def unrequested(found: Sequence[Gesture], answers: Sequence[Gesture | None]) -> list[Gesture]:
    """Clear head movements that answer nothing. People blink and move their lips by themselves, so those never count."""
    return [each for each in found if each.action in HEAD and each.size >= CLEAR and each not in answers]


def is_frontal(moment: Moment, rest: NeutralFace | None = None) -> bool:
    """Whether a mouth can be measured, and a face recognised, that is turned like this."""
    yaw, pitch = (rest.yaw, rest.pitch) if rest else (0.0, 0.0)
    return abs(moment.yaw - yaw) < FRONTAL_YAW and abs(moment.pitch - pitch) < FRONTAL_PITCH


def _excursions(action: Action, moments: Sequence[Moment], measure: Callable[[Moment], float]) -> list[Gesture]:
    """Stretches that begin where ``measure`` rises to 1 and end where it has fallen.

    Head movements with hardly a pause between them are one: near profile the angles flicker. A stretch
    that the video begins in the middle of counts for nothing; of those it ends in the middle of, turns and open mouths count.
    """
    found: list[Gesture] = []
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
            _add(found, Gesture(action, start.time, peak, moment.time, size))
            start = None
    if start is not None and action not in {Action.NOD, Action.BLINK}:
        _add(found, Gesture(action, start.time, peak, moments[-1].time, size))
    return found


def _add(found: list[Gesture], gesture: Gesture) -> None:
    last = found[-1] if found else None
    if last and gesture.action in HEAD and gesture.start - last.end < FLICKER:
        greater = max(last, gesture, key=lambda each: each.size)
        found[-1] = Gesture(gesture.action, last.start, greater.peak, gesture.end, greater.size)
    else:
        found.append(gesture)


def _is_told_apart(gesture: Gesture, moments: Sequence[Moment], rest: NeutralFace) -> bool:
    """Whether the rest of the face lets a gesture be what it seems to be."""
    during = [moment for moment in moments if gesture.start <= moment.time <= gesture.end]
    peak = next(moment for moment in during if moment.time == gesture.peak)
    if gesture.action is Action.NOD:
        return abs(peak.yaw - rest.yaw) < FRONTAL_YAW
    if gesture.action is Action.OPEN_MOUTH:
        return is_frontal(peak, rest)
    if gesture.action is Action.BLINK:
        return gesture.end - gesture.start <= LONGEST_BLINK
    return _is_a_head(during, peak, rest, 1 if gesture.action is Action.TURN_LEFT else -1)


def _is_a_head(during: Sequence[Moment], peak: Moment, rest: NeutralFace, side: int) -> bool:
    """Whether the nose goes ahead of the face to one side of the picture, 1 is the right. What is not known speaks for it."""
    rises = [side * moment.profile for moment in during if moment.profile is not None]
    if rises and max(rises) < MIN_PARALLAX:
        return False
    if peak.landmarks is None or rest.landmarks is None:
        return True
    shift = nose_shift(rest.landmarks, peak.landmarks)
    return shift is None or side * shift >= MIN_NOSE_SHIFT


def _closing(moment: Moment, rest: NeutralFace) -> float:
    if moment.eyes is None or not rest.eyes or _lids_are_elsewhere(moment, rest):
        return 0.0
    return 1 - moment.eyes / rest.eyes


def _lids_are_elsewhere(moment: Moment, rest: NeutralFace) -> bool:
    """Whether the head is turned so far that lids move along with it: who looks down lowers them."""
    return abs(moment.yaw - rest.yaw) > EYES_YAW or abs(moment.pitch - rest.pitch) > EYES_PITCH


def _speed(before: Moment, after: Moment) -> float:
    moved = max(abs(after.yaw - before.yaw), abs(after.pitch - before.pitch))
    return 1000 * moved / max(1, after.time - before.time)


def _smoothed(moments: Sequence[Moment]) -> list[Moment]:
    """The moments with angles and mouth as the median of three: what is wrong in one frame alone vanishes."""
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
