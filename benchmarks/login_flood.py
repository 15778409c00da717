"""Measure the latency of searches of one tenant during a flood of failed logins.

    python benchmarks/login_flood.py

Starts a server with the real models, and the flood in another process. Each login has its own source address in 127.0.0.0/8 and
its own account, so that only the limit on password hashing applies.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from openfrs.core.settings import Settings
from openfrs.evaluation.benchmark.server import Server, running_server
from openfrs.vision.weights.cache import WeightCache

FLOOD = 200
WAVES = 8
SEARCHES = 200


def flood(endpoint: str) -> dict[int, int]:
    """Send waves of failed logins and count the status codes."""
    counts: dict[int, int] = {}

    def attempt(number: int) -> int:
        source = f"127.0.{1 + number // 200 % 200}.{1 + number % 200}"
        with httpx.Client(transport=httpx.HTTPTransport(local_address=source), timeout=60) as client:
            user = {"name": f"user{number}", "password": "wrong", "domain": {"name": "openfrs"}}
            body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
            return client.post(f"{endpoint}/v3/auth/tokens", json=body).status_code

    with ThreadPoolExecutor(FLOOD) as pool:
        for wave in range(WAVES):
            for status in pool.map(attempt, range(wave * FLOOD, (wave + 1) * FLOOD)):
                counts[status] = counts.get(status, 0) + 1
    return counts


def timed(search: Callable[[], object], stop: Callable[[int], bool]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the milliseconds of consecutive searches until ``stop`` returns True for their number."""
    times: list[float] = []
    while not stop(len(times)):
        started = time.perf_counter()
        search()
        times.append((time.perf_counter() - started) * 1000)
    return np.array(times)


def main() -> None:
    """Start a server and run the benchmark."""
    settings = Settings()
    photo = (WeightCache.open(settings.models).samples / "obama2.jpg").read_bytes()
    with running_server(settings) as server:
        measure(server, photo)


def measure(server: Server, photo: bytes) -> None:
    """Measure searches on an idle server and during the flood, and print them."""
    endpoint = f"http://{server.address}"
    base = f"{endpoint}{server.project}/face-sets"
    with httpx.Client(headers={"X-Auth-Token": server.token}, timeout=60) as client:
        client.post(base, json={"face_set_name": "s"}).raise_for_status()
        client.post(f"{base}/s/faces", files={"image_file": photo}).raise_for_status()

        def search() -> None:
            client.post(f"{base}/s/search", files={"image_file": photo}).raise_for_status()

        timed(search, lambda count: count >= 20)
        idle = timed(search, lambda count: count >= SEARCHES)
        # at low priority, so that the work of the clients does not slow the server
        command = ["nice", "-n", "19", sys.executable, __file__, endpoint]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            flooded = timed(search, lambda _: process.poll() is not None)
            statuses = process.stdout.read().strip() if process.stdout else ""
    table = Table("search by photo", "p50 ms", "p90 ms", "searches", title=f"{WAVES} waves of {FLOOD} logins at once")
    for name, times in (("idle", idle), ("during the flood", flooded)):
        table.add_row(name, *(f"{np.percentile(times, rank):.1f}" for rank in (50, 90)), str(times.size))
    Console().print(table)
    ratio = np.median(flooded) / np.median(idle)
    print(f"p50 during the flood is {ratio:.2f} times the idle p50; login statuses: {statuses}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(flood(sys.argv[1]))
    else:
        main()
