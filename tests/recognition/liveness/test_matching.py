"""Matching of gestures with requested actions."""

import pytest

from openfrs.recognition.liveness.gestures import Gesture
from openfrs.recognition.liveness.matching import match_actions, mistake, unrequested
from openfrs.recognition.liveness.types import Action
from openfrs.recognition.liveness.warnings import WarningCode

LEFT, RIGHT, NOD, MOUTH, BLINK = Action


def gesture(action: Action, peak: int, size: float = 2) -> Gesture:
    return Gesture(action, peak - 300, peak, peak + 300, size)


GESTURES = [gesture(LEFT, 1000), gesture(BLINK, 1500), gesture(NOD, 2000), gesture(LEFT, 3000)]


@pytest.mark.parametrize(
    ("requested", "complete", "left"),
    [
        ([LEFT, NOD, LEFT], True, []),
        ([LEFT, BLINK, NOD, LEFT], True, []),
        ([LEFT, NOD], True, []),
        ([NOD, LEFT], True, [1000]),
        ([NOD, LEFT, LEFT], False, [1000]),
        ([NOD], True, [1000]),
        ([RIGHT], False, [1000, 2000, 3000]),
        ([BLINK, LEFT], True, [1000, 2000]),
        ([LEFT], True, []),
    ],
)
def test_requested_actions_are_matched_in_order(requested: list[Action], complete: bool, left: list[int]) -> None:
    matches = match_actions(GESTURES, requested)
    assert (None not in matches) is complete
    assert [each.peak for each in unrequested(GESTURES, matches)] == left


def test_small_unrequested_movements_do_not_count() -> None:
    assert unrequested([gesture(RIGHT, 1000, 1.1), gesture(MOUTH, 2000, 3)], []) == []


def test_a_gesture_must_peak_within_its_window() -> None:
    assert match_actions(GESTURES, [LEFT], [(2500, 3500)]) == [GESTURES[3]]
    assert match_actions(GESTURES, [LEFT, NOD], [(0, 1500), (0, 1500)]) == [GESTURES[0], None]


@pytest.mark.parametrize(
    ("requested", "warning"),
    [
        ([LEFT, NOD, LEFT], None),
        ([LEFT], None),
        ([NOD], WarningCode.EXTRA_MOVEMENT),
        ([LEFT, LEFT], WarningCode.EXTRA_MOVEMENT),
        ([NOD, LEFT, LEFT], WarningCode.WRONG_ORDER),
        ([LEFT, RIGHT], WarningCode.MISSING_ACTION),
        ([NOD, NOD], WarningCode.MISSING_ACTION),
    ],
)
def test_the_mistake_is_named(requested: list[Action], warning: WarningCode | None) -> None:
    assert mistake(GESTURES, match_actions(GESTURES, requested), requested, timed=False) is warning


def test_with_windows_other_movements_are_no_mistake_and_another_time_is_one() -> None:
    for window, warning in (((1500, 2500), None), ((0, 1500), WarningCode.WRONG_ORDER)):
        assert mistake(GESTURES, match_actions(GESTURES, [NOD], [window]), [NOD], timed=True) is warning


def test_every_warning_has_a_text_and_a_code_of_frs() -> None:
    for warning in WarningCode:
        assert warning.message
        assert warning.frs_code < 200
