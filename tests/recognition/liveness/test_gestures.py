"""Gesture detection from synthetic angles over time."""

import math
from collections.abc import Sequence

import pytest

from openfrs.recognition.liveness.gestures import (
    Gesture,
    Moment,
    detect_gestures,
    match_actions,
    neutral_face,
    unrequested,
)
from openfrs.recognition.liveness.types import Action

LEFT, RIGHT, NOD, MOUTH, BLINK = Action

Change = tuple[str, float, float, float]
"""The measurement that changes, start and end in seconds, and the greatest change."""


def film(*changes: Change, seconds: float = 4, rate: int = 15, yaw: float = 0, pitch: float = 0) -> list[Moment]:
    """A face at rest except for smooth changes of yaw, pitch, mouth or eyes."""
    moments = []
    for place in range(round(seconds * rate)):
        at = place / rate
        values = {"yaw": yaw, "pitch": pitch, "mouth": 0.05, "eyes": 0.3}
        for name, start, end, most in changes:
            if start <= at <= end:
                values[name] += most * math.sin(math.pi * (at - start) / (end - start))
        moments.append(Moment(round(at * 1000), values["yaw"], values["pitch"], values["mouth"], values["eyes"]))
    return moments


def detected(moments: Sequence[Moment], nod_threshold: float = 0) -> list[Gesture]:
    neutral = neutral_face(moments)
    assert neutral is not None
    return detect_gestures(moments, neutral, nod_threshold)


def actions(*changes: Change, **options: float) -> list[Action]:
    return [gesture.action for gesture in detected(film(*changes, **options))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "action"),
    [
        (("yaw", 1, 2, -20), LEFT),
        (("yaw", 1, 2, 20), RIGHT),
        (("pitch", 1, 2, 20), NOD),
        (("mouth", 1, 2, 0.4), MOUTH),
        (("eyes", 1, 1.3, -0.25), BLINK),
    ],
)
def test_each_action_is_detected(change: Change, action: Action) -> None:
    (gesture,) = detected(film(change))
    assert gesture.action is action
    assert 900 <= gesture.start <= gesture.peak <= gesture.end <= 2100
    assert abs(gesture.peak - 500 * (change[1] + change[2])) <= 150
    assert 0.5 < gesture.confidence <= 1


@pytest.mark.parametrize(
    "change",
    [
        ("yaw", 1, 2, 12),
        ("yaw", 1, 2, -12),
        ("pitch", 1, 2, 12),
        ("pitch", 1, 2, -40),
        ("mouth", 1, 2, 0.1),
        ("eyes", 1, 1.3, -0.05),
    ],
    ids=["left", "right", "nod", "looking up", "mouth", "eyes"],
)
def test_small_changes_and_other_movements_are_no_gesture(change: Change) -> None:
    assert actions(change) == []


def test_eyes_that_stay_closed_are_no_blink() -> None:
    assert actions(("eyes", 1, 4.5, -0.25), seconds=10) == []


def test_gestures_are_measured_from_the_neutral_face() -> None:
    assert actions(("yaw", 1, 2, -20), yaw=8, pitch=-12) == [LEFT]
    assert actions(("pitch", 1, 2, 20), yaw=8, pitch=-12) == [NOD]
    assert actions(("yaw", 1, 2, 8), yaw=8) == []


def test_gestures_are_in_order_of_time() -> None:
    assert actions(("pitch", 0.5, 1.2, 30), ("yaw", 1.5, 2.2, 30), ("yaw", 2.5, 3.5, -30)) == [NOD, RIGHT, LEFT]
    assert actions(("yaw", 0.5, 1.2, 30), ("yaw", 2.5, 3.5, 30)) == [RIGHT, RIGHT]


def test_a_turn_with_an_interruption_is_one_gesture() -> None:
    moments = film(("yaw", 1, 3, 60))
    broken = [
        Moment(each.time, 5 if 1900 <= each.time <= 2050 else each.yaw, each.pitch, each.mouth, each.eyes)
        for each in moments
    ]
    assert [each.action for each in detected(broken)] == [RIGHT]


def test_an_outlier_of_one_frame_is_no_gesture() -> None:
    moments = film()
    moments[20] = Moment(moments[20].time, 60, 60, 0.9, 0.3)
    assert detected(moments) == []


def test_eyelids_during_a_nod_and_lips_in_profile_are_no_gestures() -> None:
    assert actions(("pitch", 1, 2, 30), ("eyes", 1.3, 1.7, -0.25)) == [NOD]
    assert actions(("yaw", 1, 2, 40), ("mouth", 1.3, 1.7, 0.5)) == [RIGHT]
    assert actions(("yaw", 1, 2, 60), ("pitch", 1, 2, 40)) == [RIGHT]


def test_the_threshold_of_a_nod() -> None:
    moments = film(("pitch", 1, 2, 30))
    assert [each.action for each in detected(moments, 25)] == [NOD]
    assert detected(moments, 35) == []
    assert detected(film(("pitch", 1, 2, 13)), 1) == []


def test_a_turn_in_progress_counts_at_the_end_of_a_video_and_not_at_its_start() -> None:
    turn = film(("yaw", 1, 3, 40))
    assert [each.action for each in detected([each for each in turn if each.time < 2100])] == [RIGHT]
    assert detected([each for each in turn if each.time > 2000]) == []
    nod = film(("pitch", 1, 3, 40))
    assert detected([each for each in nod if each.time < 2100]) == []


def test_without_a_frontal_face_there_is_no_neutral_face() -> None:
    assert neutral_face(film(yaw=30)) is None
    assert neutral_face([]) is None


def test_without_eyes_there_is_no_blink() -> None:
    moments = [Moment(each.time, each.yaw, each.pitch, each.mouth) for each in film(("eyes", 1, 1.3, -0.25))]
    assert detected(moments) == []


def gesture(action: Action, peak: int, size: float = 2) -> Gesture:
    return Gesture(action, peak - 300, peak, peak + 300, size)


GESTURES = [gesture(LEFT, 1000), gesture(BLINK, 1500), gesture(NOD, 2000), gesture(LEFT, 3000)]


@pytest.mark.parametrize(
    ("requested", "complete", "left"),
    [
        ([LEFT, NOD, LEFT], True, []),
        ([LEFT, BLINK, NOD, LEFT], True, []),
        ([LEFT, NOD], True, [3000]),
        ([NOD, LEFT], True, [1000]),
        ([NOD, LEFT, LEFT], False, [1000]),
        ([RIGHT], False, [1000, 2000, 3000]),
        ([BLINK, LEFT], True, [1000, 2000]),
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
