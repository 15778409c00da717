"""Mixed load for a long time, to detect leaks of memory, descriptors and threads.

    python -m tests.system.soak --minutes 30

Clients search, add, delete, list, detect, compare, run liveness on images and videos, and send invalid requests, at a constant
rate. The first tenth of the time is the warm-up. Descriptors and threads are counted without load after the warm-up and at the end.
Memory is compared by its median over the first tenth after the warm-up and over the last tenth.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from openfrs.core.settings import Settings
from openfrs.evaluation.benchmark.figures import resident
from openfrs.vision.weights.cache import WeightCache
from tests.support.fake_models import photo
from tests.support.servers import RunningServer, real_server_command, running
from tests.support.videos import encode, gray_frames
from tests.support.waiting import pause

CLIENTS = 4
THREADS = {"OPENFRS_THREADS": "2"}
"""Fewer threads than clients, so that all have started before they are counted."""

DATA_FILES = 2 * (2 * CLIENTS + 2) + 7
"""The limit of open files: database and log of a read and a write of each client, and of maintenance; the counters' database and
log; the lock; the four audit logs."""

VIDEO_EVERY = 26
FACES_KEPT = 100
IDLE_THREADS_SECONDS = 11
"""Threads that are idle for 10 seconds end with the next task."""


@dataclass(frozen=True)
class Resources:
    """Open files of the data directory, other descriptors and threads of a process."""

    data_files: int
    descriptors: int
    threads: int


@dataclass
class SoakResult:
    """Resources of a server over time."""

    resident: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start and resident bytes, under load after the warm-up."""

    idle: list[Resources] = field(default_factory=list)
    """Resources without load, after the warm-up and at the end."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Number of responses by operation and status."""

    @property
    def drift(self) -> float:
        """Relative growth of memory from the first to the last tenth of the time."""
        tenth = max(1, len(self.resident) // 10)
        first, last = (
            statistics.median(size for _, size in part) for part in (self.resident[:tenth], self.resident[-tenth:])
        )
        return last / first - 1


def soak(server: RunningServer, images: Sequence[bytes], *, seconds: float, pace: float) -> SoakResult:
    """Load a server for ``seconds`` at ``pace`` requests per second, and record its resources."""
    result = SoakResult()
    with httpx.Client(base_url=server.endpoint, headers={"X-Auth-Token": server.token()}, timeout=60) as client:
        client.post(f"{server.project}/face-sets", json={"face_set_name": "soak"}).raise_for_status()
    _load(server, images, seconds / 10, pace, result, warm_up=True)
    result.idle.append(_idle_resources(server))
    stop = threading.Event()
    recorder = threading.Thread(target=_record_memory, args=(server, stop, result))
    recorder.start()
    try:
        _load(server, images, seconds * 9 / 10, pace, result)
    finally:
        stop.set()
        recorder.join()
    result.idle.append(_idle_resources(server))
    return result


def _load(
    server: RunningServer,
    images: Sequence[bytes],
    seconds: float,
    pace: float,
    result: SoakResult,
    *,
    warm_up: bool = False,
) -> None:
    deadline, token, barrier = time.monotonic() + seconds, server.token(), threading.Barrier(CLIENTS)

    def client(number: int) -> Counter[tuple[str, int]]:
        with httpx.Client(base_url=server.endpoint, headers={"X-Auth-Token": token}, timeout=120) as http:
            load_client = LoadClient(http, server.project, images)
            for step in range(VIDEO_EVERY) if warm_up else ():
                barrier.wait()
                load_client.send(step)
            due, step = time.monotonic() + number / pace, number * 7
            # a server that is slower than the rate must not prolong the run
            while due < deadline and time.monotonic() < deadline:
                pause(max(0.0, due - time.monotonic()))
                load_client.send(step)
                due, step = due + CLIENTS / pace, step + 1
            load_client.delete_faces()
            return load_client.statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        for statuses in pool.map(client, range(CLIENTS)):
            result.statuses += statuses


class LoadClient:
    """A client that sends one request after another and deletes the faces that it added."""

    def __init__(self, http: httpx.Client, project: str, images: Sequence[bytes]) -> None:
        self._http = http
        self._project = project
        self._set = f"{project}/face-sets/soak"
        self._images = images
        self._video = encode(gray_frames(1.2))
        self._added: list[str] = []
        self.statuses: Counter[tuple[str, int]] = Counter()
        self._operations: tuple[Callable[[bytes], httpx.Response], ...] = (
            self._search,
            self._add,
            self._detect,
            self._search_by_face_id,
            self._invalid_json,
            self._compare,
            self._add,
            self._list,
            self._truncated,
            self._silent,
            self._invalid_token,
            self._delete,
        )

    def send(self, step: int) -> None:
        """Send the request of a step; few are videos, which need a child process."""
        image = self._images[step % len(self._images)]
        operation = (
            self._video_without_face
            if step % VIDEO_EVERY == VIDEO_EVERY - 1
            else self._operations[step % len(self._operations)]
        )
        self._count(operation.__name__.strip("_"), operation(image))

    def delete_faces(self) -> None:
        """Delete the remaining faces."""
        while self._added:
            self._count("delete", self._delete(b""))

    def _count(self, name: str, response: httpx.Response) -> None:
        self.statuses[name, response.status_code] += 1

    def _post(self, path: str, image: bytes, **data: Any) -> httpx.Response:
        return self._http.post(path, files={"image_file": image}, data=data)

    def _search(self, image: bytes) -> httpx.Response:
        return self._post(f"{self._set}/search", image, top_n="20", threshold="0.2")

    def _search_by_face_id(self, image: bytes) -> httpx.Response:
        if not self._added:
            return self._search(image)
        return self._http.post(f"{self._set}/search", json={"face_id": self._added[-1]})

    def _add(self, image: bytes) -> httpx.Response:
        if len(self._added) >= FACES_KEPT:
            return self._delete(image)
        response = self._post(f"{self._set}/faces", image, single="true")
        self._added += [face["face_id"] for face in response.json().get("faces", ())]
        return response

    def _delete(self, image: bytes) -> httpx.Response:
        if not self._added:
            return self._list(image)
        return self._http.delete(f"{self._set}/faces", params={"face_id": self._added.pop(0)})

    def _list(self, _: bytes) -> httpx.Response:
        return self._http.get(f"{self._set}/faces", params={"limit": 50})

    def _detect(self, image: bytes) -> httpx.Response:
        return self._post(f"{self._project}/face-detect", image, attributes="0,1,2,3,4,5,7,8,10,11,12,13")

    def _compare(self, image: bytes) -> httpx.Response:
        files = {"image1_file": image, "image2_file": self._images[0]}
        return self._http.post(f"{self._project}/face-compare", files=files)

    def _silent(self, image: bytes) -> httpx.Response:
        return self._post(f"{self._project.replace('/v2', '/v1')}/live-detect-face", image)

    def _video_without_face(self, _: bytes) -> httpx.Response:
        files, data = {"video_file": self._video}, {"actions": "1", "action_time": "0-1000"}
        return self._http.post(f"{self._project}/live-detect", files=files, data=data)

    def _invalid_json(self, _: bytes) -> httpx.Response:
        return self._http.post(f"{self._set}/search", content=b'{"image_base64": [')

    def _truncated(self, image: bytes) -> httpx.Response:
        return self._post(f"{self._set}/search", image[: len(image) // 2])

    def _invalid_token(self, _: bytes) -> httpx.Response:
        return self._http.get(f"{self._project}/face-sets", headers={"X-Auth-Token": "nobody"})


def _record_memory(server: RunningServer, stop: threading.Event, result: SoakResult) -> None:
    started, interval = time.monotonic(), 0.25
    while not stop.wait(interval):
        result.resident.append((time.monotonic() - started, resident(server.process.pid)))


def _idle_resources(server: RunningServer) -> Resources:
    """Return the resources of a server after its idle threads have ended."""
    pause(IDLE_THREADS_SECONDS)
    assert httpx.get(f"{server.endpoint}/ready").status_code == 200
    pause(0.5)
    process = Path(f"/proc/{server.process.pid}")
    targets = [descriptor.readlink() for descriptor in (process / "fd").iterdir()]
    data_files = sum(target.is_relative_to(server.data) for target in targets)
    return Resources(data_files, len(targets) - data_files, len(list((process / "task").iterdir())))


def main() -> int:
    """Soak a server with the real models; returns 0 without a leak."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--pace", type=float, default=10, help="requests a second")
    options = parser.parse_args()
    weights = WeightCache.open(Settings().models)
    images = [path.read_bytes() for path in sorted(weights.samples.glob("*.jpg"))]
    if not images:
        print("sample photos are missing; run: openfrs models fetch --samples")
        return 1
    with tempfile.TemporaryDirectory(prefix="openfrs-soak-") as folder:
        data = Path(folder, "data")
        with running(real_server_command(data, weights.directory), data, environment=THREADS) as server:
            result = soak(server, images, seconds=options.minutes * 60, pace=options.pace)
    return report(result)


def report(result: SoakResult) -> int:
    """Print the result; returns 0 if memory grew by less than 2 %, descriptors and threads are equal, and no status was 5xx."""
    for (operation, status), count in sorted(result.statuses.items()):
        print(f"{operation:16} {status} {count:7}")
    step = max(1, len(result.resident) // 20)
    for seconds, size in result.resident[::step]:
        print(f"after {seconds / 60:5.1f} min {size:8.1f} MB")
    before, after = result.idle
    print(f"memory changed by {result.drift:+.2%}; {before} -> {after}; system load {os.getloadavg()[1]:.1f}")
    failed = [key for key in result.statuses if key[1] >= 500]
    return 0 if is_flat(result) and result.drift < 0.02 and not failed else 1


def is_flat(result: SoakResult) -> bool:
    """Return True if descriptors and threads equal those after the warm-up, and open files are within the limit."""
    before, after = result.idle
    return after == replace(before, data_files=after.data_files) and after.data_files <= DATA_FILES


PEOPLE = [photo((red, green, 60), side=120, suffix=".jpg") for red in (80, 150, 220) for green in (80, 220)]

if __name__ == "__main__":
    sys.exit(main())
