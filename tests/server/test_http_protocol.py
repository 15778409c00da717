"""Slow clients and invalid requests."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from openfrs.core import limits
from openfrs.server.http_protocol import HeaderTimeoutProtocol, bounded_protocol
from tests.support.waiting import wait_until_async

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LARGE = 64 * limits.MEGABYTE
"""Bytes of a response that no kernel buffers completely."""

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"


async def app(
    scope: Any, receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    if scope["path"] == "/large":
        headers = [(b"content-length", b"%d" % LARGE)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(LARGE)})
        return
    if scope["path"] == "/until-disconnected":
        while (await receive())["type"] != "http.disconnect":
            pass
    elif scope["path"] != "/short":
        await asyncio.sleep(2 * limits.HEADER_TIMEOUT_SECONDS)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(protocol: type[HeaderTimeoutProtocol] = HeaderTimeoutProtocol) -> AsyncIterator[uvicorn.Server]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=protocol, lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


async def connect(server: uvicorn.Server) -> Streams:
    return await asyncio.open_connection(*server.servers[0].sockets[0].getsockname()[:2])


@asynccontextmanager
async def connected() -> AsyncIterator[Streams]:
    async with serving() as server:
        reader, writer = await connect(server)
        try:
            yield reader, writer
        finally:
            writer.close()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEADER_TIMEOUT_SECONDS", 0.3)


@pytest.mark.parametrize("sent", [b"", b"G", HEAD], ids=["nothing", "a byte", "half a head"])
def test_an_idle_connection_is_closed(sent: bytes) -> None:
    async def waited() -> bytes:
        async with connected() as (reader, writer):
            writer.write(sent)
            return await reader.read()

    assert asyncio.run(waited()) == b""


def test_slow_headers_time_out() -> None:
    async def dripped() -> int:
        async with connected() as (reader, writer):
            for sent, byte in enumerate(HEAD * 10):
                if reader.at_eof() or writer.is_closing():
                    return sent
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)
        return -1

    assert asyncio.run(dripped()) > 0


def test_the_timeout_covers_headers_only_and_restarts_for_each_request() -> None:
    async def exchange() -> list[bytes]:
        responses = []
        async with connected() as (reader, writer):
            for _ in range(2):
                writer.write(HEAD + b"\r\n")
                await reader.readuntil(b"\r\n\r\n")
                responses.append(await reader.readexactly(2))
            writer.write(b"G")
            responses.append(await reader.read())
        return responses

    assert asyncio.run(exchange()) == [b"ok", b"ok", b""]


async def rejection(*sent: bytes) -> tuple[int, str]:
    """Send bytes one after the other; return status and code of the response, after which the connection is closed."""
    async with connected() as (reader, writer):
        for part in sent:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    error = json.loads(body)
    assert f"X-Request-Id: {error['request_id']}".encode() in head
    assert b"Content-Type: application/json; charset=UTF-8" in head
    return int(head.split()[1]), error["error_code"]


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", HEAD + b"no colon\r\n\r\n"]
)
def test_invalid_http_gets_an_error_of_the_gateway(sent: bytes) -> None:
    assert asyncio.run(rejection(sent)) == (400, "APIG.0201")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ([b"GET /?", b"a" * 40_000, b" HTTP/1.1\r\n\r\n"], 414),
        ([b"GET /?" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"], 414),
        ([HEAD, b"X: " + b"a" * 70_000 + b"\r\n\r\n"], 494),
        ([HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n"], 494),
        ([HEAD] + [b"X: " + b"a" * 10_000] * 7, 494),
    ],
    ids=["a long query", "at once", "a long header", "with all else", "without an end"],
)
def test_headers_that_are_too_large_are_not_read_further(head: list[bytes], status: int) -> None:
    assert asyncio.run(rejection(*head)) == (status, "APIG.0201")


def test_pipelined_requests_are_bounded() -> None:
    assert asyncio.run(rejection((HEAD + b"\r\n") * (limits.MAX_PIPELINED_REQUESTS + 2))) == (400, "APIG.0201")


def test_pipelined_requests_within_the_bound_are_served() -> None:
    async def exchange() -> bytes:
        async with connected() as (reader, writer):
            short = HEAD.replace(b"/", b"/short", 1)
            writer.write((short + b"\r\n") * limits.MAX_PIPELINED_REQUESTS + short + b"Connection: close\r\n\r\n")
            return await reader.read()

    assert asyncio.run(exchange()).count(b"HTTP/1.1 200") == limits.MAX_PIPELINED_REQUESTS + 1


@pytest.mark.parametrize("end", [b"", b"nonsense\r\n\r\n"], ids=["leaves", "continues with nonsense"])
def test_the_first_of_pipelined_requests_ends_when_its_client(caplog: pytest.LogCaptureFixture, end: bytes) -> None:
    async def leave() -> None:
        async with serving() as server:
            _, writer = await connect(server)
            writer.write((HEAD.replace(b"/", b"/until-disconnected", 1) + b"\r\n") * 3)
            await wait_until_async(lambda: server.server_state.tasks)
            if end:
                writer.write(end)
            else:
                writer.close()
            await wait_until_async(lambda: not server.server_state.tasks)
            writer.close()

    asyncio.run(leave())
    assert not [record for record in caplog.records if record.exc_info]


def test_a_body_is_not_counted_as_headers_of_the_next_request() -> None:
    async def exchange() -> bytes:
        async with connected() as (reader, writer):
            body = b"a" * 200_000
            writer.write(
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body + HEAD + b"X: y\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            return await reader.readline()

    assert asyncio.run(exchange()).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("rest", [b"", b"Connection: close\r\n"])
def test_a_response_that_is_not_read_ends_its_connection(monkeypatch: pytest.MonkeyPatch, rest: bytes) -> None:
    monkeypatch.setattr(limits, "SEND_TIMEOUT_SECONDS", 0.2)

    async def leave() -> None:
        async with serving() as server:
            _, writer = await connect(server)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(HEAD.replace(b"/", b"/large", 1) + rest + b"\r\n")
            await wait_until_async(lambda: server.server_state.total_requests == 1)
            await wait_until_async(lambda: not server.server_state.connections and not server.server_state.tasks)
            writer.close()

    asyncio.run(leave())


def test_a_response_that_is_read_in_time_is_complete() -> None:
    async def read() -> int:
        async with connected() as (reader, writer):
            writer.write(HEAD.replace(b"/", b"/large", 1) + b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            return len(await reader.readexactly(LARGE))

    assert asyncio.run(read()) == LARGE


def test_a_further_connection_closes_the_oldest_idle_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "HEADER_TIMEOUT_SECONDS", 1)

    async def crowd() -> list[bytes]:
        async with serving(bounded_protocol(3)) as server:
            served = await connect(server)
            served[1].write(HEAD + b"\r\n")
            await wait_until_async(lambda: server.server_state.tasks)
            waiting = [await connect(server) for _ in range(5)]
            closed = [await reader.read() for reader, _ in waiting[:3]]
            assert not any(reader.at_eof() for reader, _ in waiting[3:])
            waiting[4][1].write(HEAD + b"\r\n")
            responses = [await reader.readline() for reader, _ in (served, waiting[4])]
            for _, writer in (served, *waiting):
                writer.close()
            return [*closed, *responses]

    assert asyncio.run(crowd()) == [b"", b"", b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n"]
    assert [record.levelname for record in caplog.records if "OPENFRS_CONNECTIONS" in record.message] == ["WARNING"]


def test_a_connection_is_refused_if_no_other_is_idle() -> None:
    async def crowd() -> bytes:
        async with serving(bounded_protocol(1)) as server:
            reader, writer = await connect(server)
            writer.write(HEAD + b"\r\n")
            await wait_until_async(lambda: server.server_state.tasks)
            refused, other = await connect(server)
            assert await refused.read() == b""
            line = await reader.readline()
            for each in (writer, other):
                each.close()
            return line

    assert asyncio.run(crowd()) == b"HTTP/1.1 200 OK\r\n"
