"""Threads of their own for writes to the database, which may wait long for a lock, and for probes, which must not wait.

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


class _Writers:
    """The threads of writers of one event loop, and the number of writes that run or wait."""

    def __init__(self) -> None:
        self.limiter = CapacityLimiter(limits.WRITER_THREADS)
        self.accepted = 0


_writers: Final = RunVar[_Writers]("writers")
_probes: Final = RunVar[CapacityLimiter]("probes")


async def run_write(write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that writes, on one of ``WRITER_THREADS`` threads.

    Raises:
        ServiceError: ``FRS.0033``, ``MAX_WAITING_WRITES`` others are waiting for a thread; and errors of the function.
    """
    writers = _of_loop(_writers, _Writers)
    if writers.accepted >= limits.WRITER_THREADS + limits.MAX_WAITING_WRITES:
        REJECTED.labels("writes").inc()
        raise too_many_requests()
    writers.accepted += 1
    try:
        return await to_thread.run_sync(partial(write, *args, **kwargs), limiter=writers.limiter)
    finally:
        writers.accepted -= 1


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
