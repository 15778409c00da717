"""Execution of jobs behind one protocol: on threads of this process, or in the vision processes of a server."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from openfrs.core.errors import too_many_requests
from openfrs.core.telemetry.metrics import IMAGES, REJECTED
from openfrs.vision.identity import ModelIdentity

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Lane(StrEnum):
    """The two queues. A large image occupies a core a hundred times as long as a small one; none queues behind the other kind."""

    SMALL = "small"
    LARGE = "large"
    """Large images, and videos."""


@dataclass(frozen=True, slots=True)
class Task(Generic[T_co]):
    """A job with the arguments that follow the pipeline; all of them can be pickled."""

    job: Callable[..., T_co]
    arguments: tuple[Any, ...]
    lane: Lane
    seconds: float
    """Work after which the task is stopped, in seconds of elapsed time without pauses."""


class Executor(Protocol):
    """Runs tasks with the models."""

    @property
    def models(self) -> ModelIdentity:
        """The models that the tasks use."""

    @property
    def is_ready(self) -> bool:
        """False while tasks have to wait because models are being loaded."""

    @property
    def bounds(self) -> "Mapping[Lane, QueueBound]":
        """The bounds of the two lanes."""

    async def run(self, task: Task[T]) -> T:
        """Return the result of a task. Cancelling the call removes a waiting task and stops a running one at a checkpoint.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full; ``FRS.0018/503`` the task exceeded a limit or its process ended; and
                errors of the job.
        """

    def check_capacity(self, lane: Lane) -> None:
        """Check that another task would be accepted.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full.
        """

    def close(self) -> None:
        """Finish all accepted tasks and stop."""


class QueueBound:
    """Counts the tasks of a lane: at most ``running`` run at once, and ``queue`` more wait. Safe to use from several threads."""

    def __init__(self, lane: Lane, *, running: int, queue: int) -> None:
        self._lane = lane
        self._places = running
        self._capacity = running + queue
        self._lock = threading.Lock()
        self._accepted = 0
        self._running_gauge = IMAGES.labels(lane, "working")
        self._waiting_gauge = IMAGES.labels(lane, "waiting")

    @property
    def running(self) -> int:
        """Number of tasks that run."""
        return min(self._accepted, self._places)

    @property
    def waiting(self) -> int:
        """Number of tasks in the queue."""
        return max(0, self._accepted - self._places)

    def check(self) -> None:
        """Check that another task would be accepted.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full.
        """
        if self._accepted >= self._capacity:
            REJECTED.labels(f"{self._lane}_queue").inc()
            raise too_many_requests()

    def acquire(self) -> None:
        """Accept a task.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full.
        """
        with self._lock:
            self.check()
            self._accepted += 1
            self._update_gauges()

    def release(self) -> None:
        """Remove a task."""
        with self._lock:
            self._accepted -= 1
            self._update_gauges()

    def _update_gauges(self) -> None:
        self._running_gauge.set(self.running)
        self._waiting_gauge.set(self.waiting)


def lane_bounds(*, running: int, queue: int, large_queue: int) -> dict[Lane, QueueBound]:
    """Return bounds of both lanes: in each at most ``running`` tasks run; ``queue`` small and ``large_queue`` large ones wait."""
    queues = {Lane.SMALL: queue, Lane.LARGE: large_queue}
    return {lane: QueueBound(lane, running=running, queue=waiting) for lane, waiting in queues.items()}
