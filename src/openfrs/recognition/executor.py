"""A thread pool with a bounded queue.

Small images have one executor, large images and videos another. A large image occupies a thread a hundred times as long as a
small one; with separate threads, small images share the processor with large ones but never queue behind them.
"""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from openfrs.core.errors import too_many_requests
from openfrs.core.telemetry.metrics import IMAGES, REJECTED, STAGE_SECONDS

T = TypeVar("T")


class BoundedExecutor:
    """Runs at most ``threads`` tasks at once, queues at most ``queue`` more, and rejects further ones at once."""

    def __init__(self, name: str, *, threads: int, queue: int) -> None:
        self.name = name
        self._threads = threads
        self._capacity = threads + queue
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"vision-{name}")
        self._lock = threading.Lock()
        self._accepted = 0
        self._running_gauge = IMAGES.labels(name, "working")
        self._waiting_gauge = IMAGES.labels(name, "waiting")

    @property
    def running(self) -> int:
        """Number of tasks on a thread."""
        return min(self._accepted, self._threads)

    @property
    def waiting(self) -> int:
        """Number of tasks in the queue."""
        return max(0, self._accepted - self._threads)

    def check_capacity(self) -> None:
        """Check that another task would be accepted.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full.
        """
        if self._accepted >= self._capacity:
            REJECTED.labels(f"{self.name}_queue").inc()
            raise too_many_requests()

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result of ``work``. Cancelling the call removes a waiting task from the queue.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full; and errors of ``work``.
        """
        self._acquire()
        try:
            future = self._pool.submit(contextvars.copy_context().run, _start, work, time.perf_counter())
        except BaseException:
            self._release()
            raise
        future.add_done_callback(lambda _: self._release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish all accepted tasks and stop the threads."""
        self._pool.shutdown()

    def _acquire(self) -> None:
        with self._lock:
            self.check_capacity()
            self._accepted += 1
            self._update_gauges()

    def _release(self) -> None:
        with self._lock:
            self._accepted -= 1
            self._update_gauges()

    def _update_gauges(self) -> None:
        self._running_gauge.set(self.running)
        self._waiting_gauge.set(self.waiting)


def _start(work: Callable[[], T], queued_at: float) -> T:
    """Record the time in the queue, then call ``work``."""
    STAGE_SECONDS.labels("wait").observe(time.perf_counter() - queued_at)
    return work()
