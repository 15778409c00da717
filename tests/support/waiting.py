"""Waiting for something that other threads and processes do."""

import asyncio
import time
from collections.abc import Callable


def wait_until(
    condition: Callable[[], object],
    *,
    timeout: float = 30,
    interval: float = 0.02,
    message: str = "the condition holds",
) -> None:
    """Call ``condition`` every ``interval`` seconds until it returns something true.

    Raises:
        AssertionError: It has not within ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {message}"
        time.sleep(interval)


async def wait_until_async(condition: Callable[[], object], *, within: float = 30, interval: float = 0.005) -> None:
    """Do as :func:`wait_until` does, on an event loop."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  # the code that sets the condition has no event
            await asyncio.sleep(interval)


def pause(seconds: float) -> None:
    """Let time pass, where the test is about the time itself and there is no condition to wait for."""
    time.sleep(seconds)
