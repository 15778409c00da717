"""Two lanes of threads, each with a bounded queue: one for small pictures, one for large ones and videos.

A large picture takes a thread for a hundred times as long as a small one. In a lane of their own large pictures wait for each
other; small ones share the processor with them, but never wait for a thread that one of them has.
"""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from openfrs.core.errors import no_room
from openfrs.core.telemetry.metrics import PICTURES, REFUSED, STAGE_SECONDS

T = TypeVar("T")


class Lane:
    """At most ``threads`` pieces of work are under way and ``queue`` more wait; the next one is refused at once."""

    def __init__(self, name: str, *, threads: int, queue: int) -> None:
        self.name = name
        self._threads = threads
        self._places = threads + queue
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"vision-{name}")
        self._lock = threading.Lock()
        self._taken = 0
        self._working = PICTURES.labels(name, "working")
        self._waiting = PICTURES.labels(name, "waiting")

    @property
    def under_way(self) -> int:
        """Pieces of work on a thread."""
        return min(self._taken, self._threads)

    @property
    def waiting(self) -> int:
        """Pieces of work that wait for a thread."""
        return max(0, self._taken - self._threads)

    def look(self) -> None:
        """See whether there is room.

        Raises:
            ServiceError: ``FRS.0033``, there is none.
        """
        if self._taken >= self._places:
            REFUSED.labels(f"{self.name}_queue").inc()
            raise no_room()

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns. A caller that goes away before its turn takes its work out of the queue.

        Raises:
            ServiceError: ``FRS.0033`` when there is no room, and whatever ``work`` raises.
        """
        self._take()
        try:
            future = self._pool.submit(contextvars.copy_context().run, _begun, work, time.perf_counter())
        except BaseException:
            self._give_back()
            raise
        future.add_done_callback(lambda _: self._give_back())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish what has begun and stop the threads."""
        self._pool.shutdown()

    def _take(self) -> None:
        with self._lock:
            self.look()
            self._taken += 1
            self._show()

    def _give_back(self) -> None:
        with self._lock:
            self._taken -= 1
            self._show()

    def _show(self) -> None:
        self._working.set(self.under_way)
        self._waiting.set(self.waiting)


def _begun(work: Callable[[], T], since: float) -> T:
    """Do ``work``, which has waited since then."""
    STAGE_SECONDS.labels("wait").observe(time.perf_counter() - since)
    return work()
