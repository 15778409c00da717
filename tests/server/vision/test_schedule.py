"""The order of tasks on vision processes."""

from collections import deque
from typing import Any

from openfrs.recognition.executor import Lane, Task
from openfrs.server.vision.schedule import (
    MAX_PAUSED,
    MAX_PAUSED_LARGE,
    SHORT_SECONDS,
    Entry,
    Place,
    Schedule,
    finish_piece,
)


def job(_pipeline: Any) -> None:
    """Do nothing."""


def entry(lane: Lane = Lane.SMALL) -> Entry:
    return Entry(Task(job, (), lane, 60))


def long_entry() -> Entry:
    """A small image that has taken long."""
    return Entry(Task(job, (), Lane.SMALL, 60), has_started=True, worked_seconds=SHORT_SECONDS)


def added(schedule: Schedule, *lanes: Lane) -> list[Entry]:
    entries = [entry(lane) for lane in lanes]
    for each in entries:
        schedule.add(each)
    return entries


def run_piece(schedule: Schedule, place: Place, seconds: float, *, pause: bool) -> Entry | None:
    chosen = schedule.next_for(place)
    if chosen is not None:
        assert finish_piece(place, seconds) is chosen
        if pause:
            place.paused.append(chosen)
    return chosen


def test_small_images_run_in_the_order_of_their_arrival() -> None:
    schedule, place = Schedule(), Place()
    entries = added(schedule, *[Lane.SMALL] * 3)
    assert [run_piece(schedule, place, 0.02, pause=False) for _ in range(4)] == [*entries, None]


def test_a_small_image_runs_between_the_pieces_of_long_work() -> None:
    schedule, place = Schedule(), Place()
    (crowd,) = added(schedule, Lane.SMALL)
    while not crowd.is_long:
        assert run_piece(schedule, place, 0.06, pause=True) is crowd
    (small,) = added(schedule, Lane.SMALL)
    assert run_piece(schedule, place, 0.02, pause=False) is small
    assert run_piece(schedule, place, 0.06, pause=True) is crowd


def test_a_paused_short_task_continues_before_long_work() -> None:
    schedule, place = Schedule(), Place(paused=deque([long_entry()]))
    (comparison,) = added(schedule, Lane.SMALL)
    for _ in range(2):
        assert run_piece(schedule, place, 0.06, pause=True) is comparison


def test_long_work_gets_half_of_the_time_of_a_busy_process() -> None:
    schedule, place = Schedule(), Place()
    (large,) = added(schedule, Lane.LARGE)
    added(schedule, *[Lane.SMALL] * 100)
    seconds = {True: 0.0, False: 0.0}
    for _ in range(40):
        chosen = schedule.next_for(place)
        assert chosen is not None
        piece = 0.06 if chosen is large else 0.02
        seconds[chosen is large] += piece
        finish_piece(place, piece)
        if chosen is large:
            place.paused.append(chosen)
    assert abs(seconds[True] - seconds[False]) <= SHORT_SECONDS + 0.06


def test_long_tasks_take_turns() -> None:
    schedule, place = Schedule(), Place()
    first, second = added(schedule, Lane.LARGE, Lane.LARGE)
    assert [run_piece(schedule, place, 0.06, pause=True) for _ in range(5)] == [first, second, first, second, first]


def test_paused_tasks_of_a_process_are_bounded() -> None:
    schedule, place = Schedule(), Place()
    added(schedule, *[Lane.LARGE] * (MAX_PAUSED_LARGE + 1))
    for _ in range(3 * MAX_PAUSED_LARGE):
        run_piece(schedule, place, 0.06, pause=True)
    assert len(schedule.waiting[Lane.LARGE]) == 1
    added(schedule, *[Lane.SMALL] * (MAX_PAUSED + 1))
    for _ in range(10 * MAX_PAUSED):
        run_piece(schedule, place, 1.0, pause=True)
    assert len(place.paused) == MAX_PAUSED


def test_a_discarded_task_does_not_run() -> None:
    schedule, place = Schedule(), Place()
    first, second = added(schedule, Lane.SMALL, Lane.SMALL)
    assert schedule.discard(first)
    assert not schedule.discard(first)
    assert schedule.next_for(place) is second
