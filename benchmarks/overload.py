"""Measure a server under overload: ten times its capacity of clients, and large images among small ones.

    python benchmarks/overload.py

Starts a server with the real models, and the clients in a process of lower priority; takes 90 seconds on an idle machine. A client
sends the same photo again after each response, or after ``Retry-After`` if the request was rejected.
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
from openfrs.evaluation.benchmark.images import sample_photo
from openfrs.evaluation.benchmark.server import Server, running_server
from openfrs.vision.weights.cache import WeightCache

SECONDS = 15.0
SMALL_CLIENTS = 4
BODIES = 200


def main() -> None:
    """Run the benchmark and print its figures."""
    settings = Settings()
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    capacity = settings.threads + settings.queue
    photo = sample_photo(weights)
    large = _largest(photo)
    with running_server(settings) as server:
        clients = Clients(server)
        clients.run(photo, SMALL_CLIENTS, 3.0)  # warm-up
        figures = [
            *_measure_overload(clients, server, photo, capacity),
            *_measure_large_images(clients, photo, large, settings.threads),
            *_measure_large_bodies(clients, server),
        ]
    Console().print(table(f"overload; capacity {capacity} images", figures))


def _measure_overload(clients: "Clients", server: Server, photo: bytes, capacity: int) -> Iterator[Figure]:
    normal, _ = clients.run(photo, capacity, SECONDS)
    yield from percentiles(f"{capacity} clients, accepted", normal)
    with sample_memory(server.pid) as memory:
        overloaded, statuses = clients.run(photo, 10 * capacity, SECONDS)
    yield from percentiles(f"{10 * capacity} clients, accepted", overloaded)
    yield Figure("the same", "p99, ratio to full load", _p99(overloaded) / _p99(normal), 2.0)
    yield Figure("the same", "accepted per second, ratio to full load", len(overloaded) / len(normal))
    yield Figure("the same", "rejected", statuses.pop(429, 0))
    yield Figure("the same", "statuses other than 200 and 429", sum(statuses.values()) - statuses[200], 0.0)
    yield Figure("the same", "resident MB before", memory[0])
    yield Figure("the same", "peak resident MB, ratio to before", max(memory) / memory[0], 1.1)


def _measure_large_images(clients: "Clients", photo: bytes, large: bytes, streams: int) -> Iterator[Figure]:
    alone, _ = clients.run(photo, SMALL_CLIENTS, SECONDS)
    yield from percentiles(f"{SMALL_CLIENTS} clients with small images", alone)
    with clients.running(large, streams, SECONDS + 1):
        mixed, _ = clients.run(photo, SMALL_CLIENTS, SECONDS)
    yield from percentiles(f"with {streams} clients sending 4096 x 4096", mixed)
    yield Figure("the same", "p99, ratio to without", _p99(mixed) / _p99(alone), 2.0)


def _measure_large_bodies(clients: "Clients", server: Server) -> Iterator[Figure]:
    with sample_memory(server.pid) as memory:
        _, statuses = clients.run(bytes(limits.MAX_IMAGE_BYTES), BODIES, 4.0)
    case = f"{BODIES} clients with 8 MB of zeros each"
    yield Figure(case, "increase of peak resident MB", max(memory) - memory[0], 768.0)
    yield Figure(
        "the same", "statuses other than 400 and 429", sum(statuses.values()) - statuses[400] - statuses[429], 0.0
    )


def _largest(photo: bytes) -> bytes:
    """Return a photo of the maximum size."""
    pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return cv2.imencode(".jpg", cv2.resize(pixels, (limits.MAX_IMAGE_SIDE,) * 2))[1].tobytes()


def _p99(times: list[float]) -> float:
    return float(np.percentile(times, 99))


class Clients:
    """Clients of a server in a child process."""

    def __init__(self, server: Server) -> None:
        self._address = server.address
        self._head = (
            f"POST {server.project}/face-detect HTTP/1.1\r\nHost: {server.address}\r\nX-Auth-Token: {server.token}\r\n"
        )

    def run(self, photo: bytes, count: int, seconds: float) -> tuple[list[float], Counter[int]]:
        """Return the milliseconds of accepted requests, and the number of responses by status."""
        with self.running(photo, count, seconds) as process:
            assert process.stdout is not None
            times, statuses = json.loads(process.stdout.read())
        return times, Counter({int(status): number for status, number in statuses.items()})

    @contextmanager
    def running(self, photo: bytes, count: int, seconds: float) -> "Iterator[subprocess.Popen[bytes]]":
        """Run clients in the background."""
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


async def run_clients(address: str, request: bytes, count: int, seconds: float) -> tuple[list[float], Counter[int]]:
    """Run concurrent clients, each over one connection."""
    host, _, port = address.rpartition(":")
    times: list[float] = []
    statuses: Counter[int] = Counter()
    start = asyncio.Event()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        await start.wait()
        while time.perf_counter() < end:
            started = time.perf_counter()
            writer.write(request)
            await writer.drain()
            status, wait = await _read_response(reader)
            statuses[status] += 1
            if status == 200:
                times.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(wait)
        writer.close()

    tasks = [asyncio.create_task(client()) for _ in range(count)]
    await asyncio.sleep(0.5)
    end = time.perf_counter() + seconds
    start.set()
    await asyncio.gather(*tasks)
    return times, statuses


async def _read_response(reader: asyncio.StreamReader) -> tuple[int, float]:
    """Return the status of a response and its Retry-After in seconds."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), float(headers.get("retry-after", 0))


@contextmanager
def sample_memory(pid: int) -> Iterator[list[float]]:
    """Sample the resident memory of a process in megabytes, every 50 ms until the context ends."""
    ended, samples = threading.Event(), [resident(pid)]

    def sample() -> None:
        while not ended.wait(0.05):
            samples.append(resident(pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _client(address: str, count: str, seconds: str) -> Any:
    return asyncio.run(run_clients(address, sys.stdin.buffer.read(), int(count), float(seconds)))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        if len(sys.argv) > 1:
            print(json.dumps(_client(*sys.argv[1:])))
        else:
            main()
