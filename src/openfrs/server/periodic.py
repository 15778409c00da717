"""Functions that run at an interval, and the trimming of memory, which every process with models or an index needs."""

import ctypes
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_TRIMMING_SECONDS: Final = 60.0

log = logging.getLogger("openfrs.schedule")


class PeriodicJob:
    """A thread that runs a function at once and then at an interval. A failure is logged; the next run follows as usual."""

    def __init__(self, job: Callable[[], None], interval_seconds: float) -> None:
        self._job = job
        self._interval_seconds = interval_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the current run."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._job()
            except Exception:
                log.exception("a periodic job failed")
            if self._stop.wait(self._interval_seconds):
                return


@contextmanager
def memory_trimming() -> Iterator[None]:
    """Return freed memory to the system while the block runs.

    glibc keeps freed memory for the thread that used it, about a quarter of the total once models are compiled and an index is
    loaded. Other C libraries have no ``malloc_trim`` and do not need it.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        yield
        return
    with running(lambda: trim(0), _TRIMMING_SECONDS):
        yield


@contextmanager
def running(job: Callable[[], None], interval_seconds: float) -> Iterator[None]:
    """Run a job at once and then at an interval while the block runs."""
    periodic_job = PeriodicJob(job, interval_seconds)
    periodic_job.start()
    try:
        yield
    finally:
        periodic_job.stop()
