"""Checkpoints of work, and work for a client that leaves."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from openfrs.core import connection
from openfrs.core.checkpoints import AbandonedError, Work, checkpoint, paused_seconds, working
from openfrs.core.connection import ClientGoneError, while_connected


class CountedWork(Work):
    def __init__(self) -> None:
        self.checkpoints = 0

    def checkpoint(self) -> None:
        self.checkpoints += 1
        self.paused_seconds += 2
        if self.checkpoints == 2:
            raise AbandonedError


def test_a_checkpoint_belongs_to_the_work_around_it_and_does_nothing_outside() -> None:
    work = CountedWork()
    checkpoint()
    with working(work):
        checkpoint()
        assert paused_seconds() == 2
        with pytest.raises(AbandonedError):
            checkpoint()
    checkpoint()
    assert (work.checkpoints, paused_seconds()) == (2, 0)


class Client:
    """A client that leaves when told to."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.empty_chunks = 1

    async def receive(self) -> Mapping[str, Any]:
        if self.empty_chunks:
            self.empty_chunks -= 1
            return {"type": "http.request", "body": b""}
        await self.left.wait()
        return {"type": "http.disconnect"}


def test_work_ends_when_its_client_leaves() -> None:
    async def scenario() -> list[str]:
        client, events = Client(), list[str]()
        connection.receive.set(client.receive)

        async def work() -> None:
            client.left.set()
            try:
                await asyncio.Event().wait()
            finally:
                events.append("stopped")

        with pytest.raises(ClientGoneError):
            await while_connected(work())
        await asyncio.sleep(0)  # the task itself is not cancelled
        return events

    assert asyncio.run(scenario()) == ["stopped"]


def test_results_and_cancellation_pass_through_for_a_client_that_stays() -> None:
    async def scenario() -> None:
        connection.receive.set(Client().receive)
        assert await while_connected(asyncio.sleep(0, "result")) == "result"
        task = asyncio.create_task(while_connected(asyncio.sleep(100)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
