"""How much a flood of wrong logins slows another tenant's searches: latency idle, and while 200 logins arrive at once.

    python benchmarks/login_flood.py

Starts a server of its own with the real models, and the flood in a process of its own. Each login comes from an address of its
own within 127.0.0.0/8 and names an account of its own, so that nothing but the service's bound on password hashing holds the flood
back.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from openfrs.core.settings import Settings
from openfrs.vision.weights.cache import WeightCache

FLOOD = 200
WAVES = 8
SEARCHES = 200


def login(domain: str, user: str, password: str, project: str | None = None) -> dict[str, object]:
    """The body of a token request."""
    who = {"name": user, "password": password, "domain": {"name": domain}}
    scope = {"scope": {"project": {"name": project}}} if project else {}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": who}}, **scope}}


def flood(endpoint: str) -> dict[int, int]:
    """Waves of wrong logins; how often each status came back."""
    seen: dict[int, int] = {}

    def attempt(number: int) -> int:
        source = f"127.0.{1 + number // 200 % 200}.{1 + number % 200}"
        with httpx.Client(transport=httpx.HTTPTransport(local_address=source), timeout=60) as client:
            body = login("openfrs", f"user{number}", "wrong")
            return client.post(f"{endpoint}/v3/auth/tokens", json=body).status_code

    with ThreadPoolExecutor(FLOOD) as pool:
        for wave in range(WAVES):
            for status in pool.map(attempt, range(wave * FLOOD, (wave + 1) * FLOOD)):
                seen[status] = seen.get(status, 0) + 1
    return seen


def timed(search: Callable[[], object], enough: Callable[[int], bool]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Milliseconds of searches, one after another, until there are enough."""
    times: list[float] = []
    while not enough(len(times)):
        started = time.perf_counter()
        search()
        times.append((time.perf_counter() - started) * 1000)
    return np.array(times)


def main() -> None:
    """Measure and print."""
    photo = (WeightCache.open(Settings().models).samples / "obama2.jpg").read_bytes()
    with tempfile.TemporaryDirectory(prefix="openfrs-flood-") as folder:
        data = Path(folder, "data")
        command = [sys.executable, "-m", "openfrs", "serve", "--data", str(data), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout is not None
            try:
                if not any(" ready on " in line for line in server.stdout):
                    raise SystemExit("the server did not start")
                keys = json.loads((data / "credentials.json").read_text("utf-8"))
                measure(keys, photo)
            finally:
                server.terminate()


def measure(keys: dict[str, str], photo: bytes) -> None:
    """Search idle, then during the flood."""
    endpoint = keys["endpoint"]
    body = login(keys["domain"], keys["user"], keys["password"], keys["project_name"])
    token = httpx.post(f"{endpoint}/v3/auth/tokens", json=body).headers["X-Subject-Token"]
    base = f"{endpoint}/v2/{keys['project_id']}/face-sets"
    with httpx.Client(headers={"X-Auth-Token": token}, timeout=60) as client:
        client.post(base, json={"face_set_name": "s"}).raise_for_status()
        client.post(f"{base}/s/faces", files={"image_file": photo}).raise_for_status()

        def search() -> None:
            client.post(f"{base}/s/search", files={"image_file": photo}).raise_for_status()

        timed(search, lambda count: count >= 20)
        idle = timed(search, lambda count: count >= SEARCHES)
        command = ["nice", "-n", "19", sys.executable, __file__, endpoint]  # the flood's own work is not to count
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as flooding:
            under = timed(search, lambda _: flooding.poll() is not None)
            statuses = flooding.stdout.read().strip() if flooding.stdout else ""
    table = Table("search by photo", "p50 ms", "p90 ms", "searches", title=f"{WAVES} waves of {FLOOD} logins at once")
    for name, times in (("idle", idle), ("during the flood", under)):
        table.add_row(name, *(f"{np.percentile(times, rank):.1f}" for rank in (50, 90)), str(times.size))
    Console().print(table)
    print(
        f"p50 during the flood is {np.median(under) / np.median(idle):.2f} times that of idle; logins answered {statuses}"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(flood(sys.argv[1]))
    else:
        main()
