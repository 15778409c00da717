"""Execution of jobs on threads of this process: for commands, evaluation and tests."""

import asyncio
import contextvars
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from openfrs.core.checkpoints import AbandonedError, Work, working
from openfrs.core.errors import work_stopped
from openfrs.core.telemetry.metrics import STAGE_SECONDS
from openfrs.vision.identity import ModelIdentity

from .executor import Lane, Task, lane_bounds

if TYPE_CHECKING:
    from openfrs.vision.pipeline import Pipeline

T = TypeVar("T")


class ThreadExecutor:
    """Runs jobs on ``threads`` threads for each lane; ``queue`` small and ``large_queue`` large tasks can wait."""

    is_ready = True

    def __init__(self, pipeline: "Pipeline", *, threads: int, queue: int, large_queue: int) -> None:
        self.models = ModelIdentity.of(pipeline)
        self.bounds = lane_bounds(running=threads, queue=queue, large_queue=large_queue)
        self._pools = {lane: ThreadPoolExecutor(threads, thread_name_prefix=f"vision-{lane}") for lane in Lane}
        self._pipeline = pipeline

    def check_capacity(self, lane: Lane) -> None:
        """Check that another task would be accepted.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full.
        """
        self.bounds[lane].check()

    async def run(self, task: Task[T]) -> T:
        """Return the result of a task.

        Raises:
            ServiceError: as :meth:`Executor.run`.
        """
        bound, work = self.bounds[task.lane], _ThreadWork(task.seconds)
        bound.acquire()
        try:
            context = contextvars.copy_context()
            future = self._pools[task.lane].submit(context.run, self._start, task, work, time.perf_counter())
        except BaseException:
            bound.release()
            raise
        future.add_done_callback(lambda _: bound.release())
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            work.abandoned = True
            raise

    def close(self) -> None:
        """Finish all accepted tasks and stop the threads."""
        for pool in self._pools.values():
            pool.shutdown()

    def _start(self, task: Task[T], work: "_ThreadWork", queued_at: float) -> T:
        """Record the time in the queue, then run the job."""
        STAGE_SECONDS.labels("wait").observe(time.perf_counter() - queued_at)
        work.deadline = time.monotonic() + task.seconds
        with working(work):
            return task.job(self._pipeline, *task.arguments)


class _ThreadWork(Work):
    """Work on a thread, which never pauses: the operating system divides the processor."""

    def __init__(self, seconds: float) -> None:
        self.abandoned = False
        self.deadline = time.monotonic() + seconds

    def checkpoint(self) -> None:
        if self.abandoned:
            raise AbandonedError
        if time.monotonic() > self.deadline:
            raise work_stopped()
