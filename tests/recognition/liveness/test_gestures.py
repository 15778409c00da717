"""Gesture detection from synthetic angles over time."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from openfrs.recognition.liveness.gestures import (
    Gesture,
    Moment,
    detect_gestures,
    neutral_face,
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


def test_a_head_that_stays_down_is_no_nod() -> None:
    assert actions(("pitch", 1, 4, 30), seconds=6) == [NOD]
    assert actions(("pitch", 1, 9, 30), seconds=10) == []


@pytest.mark.parametrize(("down", "expected"), [(1, []), (2, []), (3, [NOD])])
def test_a_gesture_at_the_end_lasts_for_three_moments(down: int, expected: list[Action]) -> None:
    moments = film(seconds=2)
    last = moments[-1].time
    moments += [Moment(last + 67 * (place + 1), 0, 40, 0.05, 0.3) for place in range(down)]
    assert [each.action for each in detected(moments)] == expected


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
    assert [each.action for each in detected([each for each in nod if each.time < 2100])] == [NOD]
    assert detected([each for each in nod if each.time > 2000]) == []
    blink = film(("eyes", 1, 3, -0.25))
    assert detected([each for each in blink if each.time < 2100]) == []


def nod_with_a_pause(rest: float, pitch: float = 0) -> list[Moment]:
    """A nod of 35 degrees whose bottom lasts longer than the rest before and after it, in seconds."""
    keys = [(0, 0), (rest, 0), (rest + 0.4, 35), (rest + 1.6, 35), (rest + 2, 0), (2 * rest + 2, 0)]
    times = [place / 10 for place in range(round(10 * (2 * rest + 2)) + 1)]
    pitches = np.interp(times, [at for at, _ in keys], [degrees for _, degrees in keys]) + pitch
    return [Moment(round(1000 * at), 0, float(value), 0.05, 0.3) for at, value in zip(times, pitches, strict=True)]


@pytest.mark.parametrize("rest", [0, 0.3, 1])
def test_a_nod_that_pauses_at_the_bottom_is_detected(rest: float) -> None:
    assert [each.action for each in detected(nod_with_a_pause(rest))] == [NOD]


@pytest.mark.parametrize("pitch", [-20, 20])
def test_the_level_is_that_of_a_head_at_rest_when_the_video_opens(pitch: float) -> None:
    assert [each.action for each in detected(nod_with_a_pause(0.5, pitch))] == [NOD]


@pytest.mark.parametrize("rest", [0, 0.3, 1])
def test_a_head_that_returns_from_looking_up_does_not_nod(rest: float) -> None:
    moments = [Moment(each.time, 0, -each.pitch, each.mouth, each.eyes) for each in nod_with_a_pause(rest)]
    assert detected(moments) == []
    assert detected([each for each in moments if 400 < each.time < 1000 * rest + 1900]) == []


def test_without_a_frontal_face_there_is_no_neutral_face() -> None:
    assert neutral_face(film(yaw=30)) is None
    assert neutral_face([]) is None


def test_without_eyes_there_is_no_blink() -> None:
    moments = [Moment(each.time, each.yaw, each.pitch, each.mouth) for each in film(("eyes", 1, 1.3, -0.25))]
    assert detected(moments) == []
