"""Match gestures with the requested actions, and name what is wrong."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from .gestures import Gesture
from .types import HEAD_ACTIONS, Action
from .warnings import WarningCode

CLEAR_SIZE: Final = 1.4
"""Size, in thresholds, from which an unrequested head movement counts against the person."""


def match_actions(
    gestures: Sequence[Gesture], actions: Sequence[Action], windows: Sequence[tuple[int, int]] | None = None
) -> list[Gesture | None]:
    """Return the gesture that matches each requested action, in order; None for the first missing one and all that follow.

    With ``windows``, one for each action in milliseconds, a gesture must reach its peak within its window.
    """
    matches: list[Gesture | None] = []
    remaining = list(gestures)
    for index, action in enumerate(actions):
        low, high = windows[index] if windows else (0, 2**31)
        match = next((each for each in remaining if each.action is action and low <= each.peak <= high), None)
        matches.append(match)
        remaining = [] if match is None else remaining[remaining.index(match) + 1 :]
    return matches


def unrequested(gestures: Sequence[Gesture], matches: Sequence[Gesture | None]) -> list[Gesture]:
    """Return the clear head movements before the last match, and without a match all of them.

    People move on when they have done what was requested, so later movements never count. They blink and move their lips anyway,
    so those do not count either.
    """
    last = max((each.peak for each in matches if each is not None), default=None)
    return [
        each
        for each in gestures
        if each.action in HEAD_ACTIONS
        and each.size >= CLEAR_SIZE
        and each not in matches
        and (last is None or each.peak < last)
    ]


def mistake(
    gestures: Sequence[Gesture], matches: Sequence[Gesture | None], actions: Sequence[Action], *, timed: bool
) -> WarningCode | None:
    """Return the warning for what is wrong with the gestures; None if all ``actions`` match and nothing came between them.

    With ``timed``, actions have windows, and movements outside them never count.
    """
    if None not in matches:
        return WarningCode.EXTRA_MOVEMENT if not timed and unrequested(gestures, matches) else None
    missing = Counter(actions) - Counter(each.action for each in gestures)
    return WarningCode.MISSING_ACTION if missing else WarningCode.WRONG_ORDER
