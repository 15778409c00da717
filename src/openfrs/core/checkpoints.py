"""Checkpoints of long work: places where it may pause for other work, or stop because nobody waits for its result.

Code that works on many faces, tiles or frames calls :func:`checkpoint` between them, at least every 250 ms. The caller of the work
decides what a checkpoint does; outside a job it does nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class AbandonedError(BaseException):
    """Stops work at a checkpoint. It is no ``Exception``, so that no handler of errors continues the work."""


class Work:
    """The work of one job, as its checkpoints see it."""

    paused_seconds = 0.0
    """Time spent in checkpoints while other work ran."""

    def checkpoint(self) -> None:
        """Pause, or do nothing.

        Raises:
            AbandonedError: the result is not needed any more.
        """


_current: ContextVar[Work] = ContextVar("work", default=Work())  # noqa: B039  # the default is never changed


def checkpoint() -> None:
    """Let other work run, if there is any.

    Raises:
        AbandonedError: the result of the current work is not needed any more.
    """
    _current.get().checkpoint()


def paused_seconds() -> float:
    """Return how long the current work has been paused until now, in seconds."""
    return _current.get().paused_seconds


@contextmanager
def working(work: Work) -> Iterator[None]:
    """Apply the checkpoints in the block to ``work``."""
    token = _current.set(work)
    try:
        yield
    finally:
        _current.reset(token)
