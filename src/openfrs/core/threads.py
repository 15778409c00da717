"""Threads of their own for writes, which may wait long for a lock, for long measurements, and for probes, which must not wait.

All other work shares anyio's threads.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from openfrs.core.telemetry.metrics import REJECTED

from . import limits
from .errors import too_many_requests

P = ParamSpec("P")
T = TypeVar("T")


class _Threads:
    """Threads for one kind of work on one event loop, and the number of calls that run or wait for one."""

    def __init__(self, name: str, threads: int, max_waiting: int) -> None:
        self._name = name
        self._limiter = CapacityLimiter(threads)
        self._capacity = threads + max_waiting
        self._accepted = 0

    async def run(self, function: Callable[[], T]) -> T:
        """Call a function on one of the threads.

        Raises:
            ServiceError: ``FRS.0033``, too many others are waiting for a thread; and errors of the function.
        """
        if self._accepted >= self._capacity:
            REJECTED.labels(self._name).inc()
            raise too_many_requests()
        self._accepted += 1
        try:
            return await to_thread.run_sync(function, limiter=self._limiter)
        finally:
            self._accepted -= 1


_writers: Final = RunVar[_Threads]("writers")
_measurements: Final = RunVar[_Threads]("measurements")
_probes: Final = RunVar[CapacityLimiter]("probes")


async def run_write(write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that writes, on one of ``WRITER_THREADS`` threads.

    Raises:
        ServiceError: ``FRS.0033``, ``MAX_WAITING_WRITES`` others are waiting for a thread; and errors of the function.
    """
    writers = _of_loop(_writers, lambda: _Threads("writes", limits.WRITER_THREADS, limits.MAX_WAITING_WRITES))
    return await writers.run(partial(write, *args, **kwargs))


async def run_measurement(measure: Callable[[], T]) -> T:
    """Call a function that computes for seconds, such as a statistic of a face set; only one runs at a time.

    Raises:
        ServiceError: ``FRS.0033``, ``MAX_WAITING_MEASUREMENTS`` others are waiting; and errors of the function.
    """
    threads = _of_loop(_measurements, lambda: _Threads("measurements", 1, limits.MAX_WAITING_MEASUREMENTS))
    return await threads.run(measure)


async def run_probe(probe: Callable[[], T]) -> T:
    """Call a short function that a readiness probe needs, whatever all other threads wait for."""
    limiter = _of_loop(_probes, lambda: CapacityLimiter(limits.PROBE_THREADS))
    return await to_thread.run_sync(probe, limiter=limiter)


def _of_loop(variable: RunVar[T], create: Callable[[], T]) -> T:
    """Return the value of a variable of the running event loop; create it at first."""
    value = variable.get(None)
    if value is None:
        value = create()
        variable.set(value)
    return value
