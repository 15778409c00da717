"""The order in which the vision processes of a server work on tasks.

A task waits in the queue of its lane until a vision process starts it, and stays with that process. Large images, videos, and small
images that have taken long are long work, of which all paused tasks get a piece in turn. When short and long tasks wait for a
process, each kind gets half of its time, short ones first: a search never queues behind a crowd, and a crowd ends under any load.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from openfrs.recognition.executor import Lane, Task

SHORT_SECONDS: Final = 0.2
"""A small image is long work from this time on: several times what a comparison takes."""

MAX_PAUSED: Final = 8
"""Paused tasks of a vision process, each with its pixels in memory. With more, it starts no others."""

MAX_PAUSED_LARGE: Final = 2
"""The same for large images and videos, which have 50 MB of pixels and more."""


@dataclass(slots=True, eq=False)
class Entry:
    """A task in the schedule."""

    task: Task[Any]
    has_started: bool = False
    worked_seconds: float = 0.0

    @property
    def is_long(self) -> bool:
        """True for long work."""
        return self.task.lane is Lane.LARGE or self.worked_seconds >= SHORT_SECONDS

    @property
    def remaining_seconds(self) -> float:
        """The work that the task may still use."""
        return self.task.seconds - self.worked_seconds


@dataclass(slots=True, eq=False)
class Place:
    """The tasks of one vision process."""

    running: Entry | None = None
    paused: deque[Entry] = field(default_factory=deque)
    short_lead: float = 0.0
    """Seconds that small images have had more than long work while both waited."""

    contended: bool = False
    """True if another kind of task waited when the running one was chosen."""


class Schedule:
    """The waiting tasks of a server process, and the choice of the next one for a vision process."""

    def __init__(self) -> None:
        self.waiting: dict[Lane, deque[Entry]] = {lane: deque() for lane in Lane}

    def add(self, entry: Entry) -> None:
        """Append a task to its queue."""
        self.waiting[entry.task.lane].append(entry)

    def discard(self, entry: Entry) -> bool:
        """Remove a task from its queue; return whether it was there."""
        try:
            self.waiting[entry.task.lane].remove(entry)
        except ValueError:
            return False
        return True

    def next_for(self, place: Place) -> Entry | None:
        """Choose the task whose piece a free vision process runs now, and remove it from where it waits."""
        short, long = self._short_for(place), self._long_for(place)
        place.contended = short is not None and long is not None
        if not place.contended:
            place.short_lead = 0.0
        chosen = short if long is None or (short is not None and place.short_lead < SHORT_SECONDS) else long
        if chosen is not None:
            (place.paused if chosen.has_started else self.waiting[chosen.task.lane]).remove(chosen)
            chosen.has_started = True
            place.running = chosen
        return chosen

    def _short_for(self, place: Place) -> Entry | None:
        for entry in place.paused:
            if not entry.is_long:
                return entry
        waiting = self.waiting[Lane.SMALL]
        return waiting[0] if waiting and len(place.paused) < MAX_PAUSED else None

    def _long_for(self, place: Place) -> Entry | None:
        waiting = self.waiting[Lane.LARGE]
        large = sum(entry.task.lane is Lane.LARGE for entry in place.paused)
        if waiting and large < MAX_PAUSED_LARGE and len(place.paused) < MAX_PAUSED:
            return waiting[0]
        return next((entry for entry in place.paused if entry.is_long), None)


def finish_piece(place: Place, seconds: float) -> Entry:
    """Account for the piece that a vision process has just ended, and return its task, which is paused next or has ended."""
    entry = place.running
    assert entry is not None
    place.running = None
    if place.contended:
        place.short_lead += -seconds if entry.is_long else seconds
    entry.worked_seconds += seconds
    return entry
