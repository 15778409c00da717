"""The connection of the client whose request is in progress: work for a client that has left is stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
"""Returns the next ASGI message of a request; after the body it returns when the client disconnects."""

receive: ContextVar[Receive | None] = ContextVar("receive", default=None)
"""Receives from the client of the current request; None outside a request. Its body must have been read."""


class ClientGoneError(Exception):
    """The client has disconnected, so nobody waits for the result."""


async def while_connected(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of ``work``; cancel it when the client disconnects.

    Raises:
        ClientGoneError: the client has disconnected.
    """
    source = receive.get()
    current = asyncio.current_task()
    if source is None or current is None:
        return await work
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await source())["type"] != "http.disconnect":
            pass
        gone = True
        current.cancel()

    watcher = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if not gone or current.uncancel() > 0:
            raise
        raise ClientGoneError from None
    finally:
        watcher.cancel()
