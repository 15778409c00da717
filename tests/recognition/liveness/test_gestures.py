"""Gestures told from angles over time."""

import math
from collections.abc import Sequence

import pytest

from openfrs.recognition.liveness.gestures import Action, Gesture, Moment, gestures, matched, neutral, unrequested

LEFT, RIGHT, NOD, MOUTH, BLINK = Action

Change = tuple[str, float, float, float]
"""What changes, when it begins and ends in seconds, and by how much at most."""


def film(*changes: Change, seconds: float = 4, rate: int = 15, yaw: float = 0, pitch: float = 0) -> list[Moment]:
    """A face at rest but for smooth changes of yaw, pitch, mouth or eyes."""
    moments = []
    for place in range(round(seconds * rate)):
        at = place / rate
        values = {"yaw": yaw, "pitch": pitch, "mouth": 0.05, "eyes": 0.3}
        for name, start, end, most in changes:
            if start <= at <= end:
                values[name] += most * math.sin(math.pi * (at - start) / (end - start))
        moments.append(Moment(round(at * 1000), values["yaw"], values["pitch"], values["mouth"], values["eyes"]))
    return moments


def seen(moments: Sequence[Moment], nod_threshold: float = 0) -> list[Gesture]:
    rest = neutral(moments)
    assert rest is not None
    return gestures(moments, rest, nod_threshold)


def actions(*changes: Change, **options: float) -> list[Action]:
    return [gesture.action for gesture in seen(film(*changes, **options))]  # type: ignore[arg-type]


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
def test_one_of_each(change: Change, action: Action) -> None:
    (gesture,) = seen(film(change))
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
def test_too_little_or_something_else_is_nothing(change: Change) -> None:
    assert actions(change) == []


def test_eyes_that_stay_shut_have_not_blinked() -> None:
    assert actions(("eyes", 1, 4.5, -0.25), seconds=10) == []


def test_each_is_measured_from_the_persons_own_rest() -> None:
    assert actions(("yaw", 1, 2, -20), yaw=8, pitch=-12) == [LEFT]
    assert actions(("pitch", 1, 2, 20), yaw=8, pitch=-12) == [NOD]
    assert actions(("yaw", 1, 2, 8), yaw=8) == []


def test_in_order_of_time() -> None:
    assert actions(("pitch", 0.5, 1.2, 30), ("yaw", 1.5, 2.2, 30), ("yaw", 2.5, 3.5, -30)) == [NOD, RIGHT, LEFT]
    assert actions(("yaw", 0.5, 1.2, 30), ("yaw", 2.5, 3.5, 30)) == [RIGHT, RIGHT]


def test_a_turn_with_a_flicker_is_one() -> None:
    moments = film(("yaw", 1, 3, 60))
    broken = [
        Moment(each.time, 5 if 1900 <= each.time <= 2050 else each.yaw, each.pitch, each.mouth, each.eyes)
        for each in moments
    ]
    assert [each.action for each in seen(broken)] == [RIGHT]


def test_one_wrong_frame_is_nothing() -> None:
    moments = film()
    moments[20] = Moment(moments[20].time, 60, 60, 0.9, 0.3)
    assert seen(moments) == []


def test_lids_that_follow_a_nod_and_lips_in_profile_are_nothing() -> None:
    assert actions(("pitch", 1, 2, 30), ("eyes", 1.3, 1.7, -0.25)) == [NOD]
    assert actions(("yaw", 1, 2, 40), ("mouth", 1.3, 1.7, 0.5)) == [RIGHT]
    assert actions(("yaw", 1, 2, 60), ("pitch", 1, 2, 40)) == [RIGHT]


def test_the_threshold_of_a_nod() -> None:
    moments = film(("pitch", 1, 2, 30))
    assert [each.action for each in seen(moments, 25)] == [NOD]
    assert seen(moments, 35) == []
    assert seen(film(("pitch", 1, 2, 13)), 1) == []


def test_a_video_that_ends_in_a_turn_or_begins_in_one() -> None:
    turn = film(("yaw", 1, 3, 40))
    assert [each.action for each in seen([each for each in turn if each.time < 2100])] == [RIGHT]
    assert seen([each for each in turn if each.time > 2000]) == []
    nod = film(("pitch", 1, 3, 40))
    assert seen([each for each in nod if each.time < 2100]) == []


def test_without_a_look_ahead_there_is_no_rest() -> None:
    assert neutral(film(yaw=30)) is None
    assert neutral([]) is None


def test_without_eyes_there_is_no_blink() -> None:
    moments = [Moment(each.time, each.yaw, each.pitch, each.mouth) for each in film(("eyes", 1, 1.3, -0.25))]
    assert seen(moments) == []


def gesture(action: Action, peak: int, size: float = 2) -> Gesture:
    return Gesture(action, peak - 300, peak, peak + 300, size)


FOUND = [gesture(LEFT, 1000), gesture(BLINK, 1500), gesture(NOD, 2000), gesture(LEFT, 3000)]


@pytest.mark.parametrize(
    ("asked", "answered", "left"),
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
def test_what_was_asked_is_looked_for_in_order(asked: list[Action], answered: bool, left: list[int]) -> None:
    answers = matched(FOUND, asked)
    assert (None not in answers) is answered
    assert [each.peak for each in unrequested(FOUND, answers)] == left


def test_small_movements_of_their_own_do_not_count_against_a_person() -> None:
    assert unrequested([gesture(RIGHT, 1000, 1.1), gesture(MOUTH, 2000, 3)], []) == []


def test_within_windows() -> None:
    assert matched(FOUND, [LEFT], [(2500, 3500)]) == [FOUND[3]]
    assert matched(FOUND, [LEFT, NOD], [(0, 1500), (0, 1500)]) == [FOUND[0], None]
