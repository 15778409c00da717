"""What a server does with ten times the clients it has room for, and with a large picture among small ones.

    python benchmarks/overload.py

Starts a server of its own with the real models, and the clients in a process of lower priority, so that their own work counts
little; takes a minute and a half on a machine that is otherwise idle. A client sends the same photo again as soon as it has its
answer; one that is refused waits as long as it was told to.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from openfrs.core import limits
from openfrs.core.settings import Settings
from openfrs.evaluation.benchmark.figures import Figure, percentiles, resident, table
from openfrs.evaluation.benchmark.images import photo_of_one
from openfrs.evaluation.benchmark.requests import Server, running_server
from openfrs.vision.weights.cache import WeightCache

SECONDS = 15.0
SMALL_CLIENTS = 4
BODIES = 200


def main() -> None:
    """Measure and print."""
    settings = Settings()
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    room = settings.threads + settings.queue
    photo = photo_of_one(weights)
    large = _enlarged(photo)
    with running_server(settings) as server:
        clients = Clients(server)
        clients.run(photo, SMALL_CLIENTS, 3.0)  # models are warm from here on
        figures = [
            *_crowd(clients, server, photo, room),
            *_beside(clients, photo, large, settings.threads),
            *_bodies(clients, server),
        ]
    Console().print(table(f"overload; room for {room} pictures", figures))


def _crowd(clients: "Clients", server: Server, photo: bytes, room: int) -> Iterator[Figure]:
    normal, _ = clients.run(photo, room, SECONDS)
    yield from percentiles(f"{room} clients, accepted", normal)
    with watched(server.pid) as memory:
        crowded, statuses = clients.run(photo, 10 * room, SECONDS)
    yield from percentiles(f"{10 * room} clients, accepted", crowded)
    yield Figure("the same", "p99 of loaded normal's", _p99(crowded) / _p99(normal), 2.0)
    yield Figure("the same", "accepted per second, of loaded normal's", len(crowded) / len(normal))
    yield Figure("the same", "refused", statuses.pop(429, 0))
    yield Figure("the same", "answered otherwise than 200 or 429", sum(statuses.values()) - statuses[200], 0.0)
    yield Figure("the same", "resident MB before", memory[0])
    yield Figure("the same", "resident MB, highest of before", max(memory) / memory[0], 1.1)


def _beside(clients: "Clients", photo: bytes, large: bytes, streams: int) -> Iterator[Figure]:
    alone, _ = clients.run(photo, SMALL_CLIENTS, SECONDS)
    yield from percentiles(f"{SMALL_CLIENTS} clients with small pictures", alone)
    with clients.running(large, streams, SECONDS + 1):
        beside, _ = clients.run(photo, SMALL_CLIENTS, SECONDS)
    yield from percentiles(f"beside {streams} with 4096 x 4096", beside)
    yield Figure("the same", "p99 of that without", _p99(beside) / _p99(alone), 2.0)


def _bodies(clients: "Clients", server: Server) -> Iterator[Figure]:
    with watched(server.pid) as memory:
        _, statuses = clients.run(bytes(limits.MAX_IMAGE_BYTES), BODIES, 4.0)
    case = f"{BODIES} clients with 8 MB of nothing each"
    yield Figure(case, "resident MB more, at most", max(memory) - memory[0], 768.0)
    yield Figure(
        "the same", "answered otherwise than 400 or 429", sum(statuses.values()) - statuses[400] - statuses[429], 0.0
    )


def _enlarged(photo: bytes) -> bytes:
    """A picture at the largest size that is taken."""
    pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return cv2.imencode(".jpg", cv2.resize(pixels, (limits.MAX_IMAGE_SIDE,) * 2))[1].tobytes()


def _p99(times: list[float]) -> float:
    return float(np.percentile(times, 99))


class Clients:
    """Clients of a server, in processes of their own."""

    def __init__(self, server: Server) -> None:
        self._address = server.address
        self._head = (
            f"POST {server.project}/face-detect HTTP/1.1\r\nHost: {server.address}\r\nX-Auth-Token: {server.token}\r\n"
        )

    def run(self, photo: bytes, count: int, seconds: float) -> tuple[list[float], Counter[int]]:
        """Milliseconds of what was accepted, and how often each status came."""
        with self.running(photo, count, seconds) as process:
            assert process.stdout is not None
            times, statuses = json.loads(process.stdout.read())
        return times, Counter({int(status): number for status, number in statuses.items()})

    @contextmanager
    def running(self, photo: bytes, count: int, seconds: float) -> "Iterator[subprocess.Popen[bytes]]":
        """The process of clients that run beside something else."""
        boundary = "openfrs-bench"
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="image_file"; filename="p"\r\n\r\n'.encode()
        body = part + photo + f"\r\n--{boundary}--\r\n".encode()
        head = (
            self._head
            + f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        command = ["nice", "-n", "5", sys.executable, __file__, self._address, str(count), str(seconds)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            process.stdin.write(head.encode() + body)
            process.stdin.close()
            yield process


async def crowd(address: str, request: bytes, count: int, seconds: float) -> tuple[list[float], Counter[int]]:
    """So many clients at once, each over one connection."""
    host, _, port = address.rpartition(":")
    times: list[float] = []
    statuses: Counter[int] = Counter()
    start = asyncio.Event()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        await start.wait()
        while time.perf_counter() < until:
            began = time.perf_counter()
            writer.write(request)
            await writer.drain()
            status, wait = await _answer(reader)
            statuses[status] += 1
            if status == 200:
                times.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(wait)
        writer.close()

    tasks = [asyncio.create_task(client()) for _ in range(count)]
    await asyncio.sleep(0.5)
    until = time.perf_counter() + seconds
    start.set()
    await asyncio.gather(*tasks)
    return times, statuses


async def _answer(reader: asyncio.StreamReader) -> tuple[int, float]:
    """The status of an answer, and the seconds it asks to wait."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), float(headers.get("retry-after", 0))


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """Megabytes of memory that a process has, taken before and every twentieth of a second meanwhile."""
    ended, seen = threading.Event(), [resident(pid)]

    def watch() -> None:
        while not ended.wait(0.05):
            seen.append(resident(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _client(address: str, count: str, seconds: str) -> Any:
    return asyncio.run(crowd(address, sys.stdin.buffer.read(), int(count), float(seconds)))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        if len(sys.argv) > 1:
            print(json.dumps(_client(*sys.argv[1:])))
        else:
            main()
