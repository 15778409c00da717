"""Mixed load for a long time, to detect leaks of memory, descriptors and threads.

    python -m tests.system.soak --minutes 30

Clients search, add, delete, list, detect, compare, judge liveness in images and videos, and ask for what is wrong, at a steady
pace. A tenth of the time is for warming up. Then descriptors and threads are counted while nobody asks anything, and counted again
in the end; memory is the median over a tenth of the time, the first after the warm-up against the last.
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

DATA_FILES = 2 * (CLIENTS + 2) + 2
"""The limit of open files: database and log for each client and for maintenance, the lock and the audit log."""

VIDEO_EVERY = 26
FACES_KEPT = 100
IDLE_THREADS_SECONDS = 11
"""Threads that are idle for 10 seconds end with the next task."""


@dataclass(frozen=True)
class Held:
    """Open files of the data directory, other descriptors and threads of a process."""

    data_files: int
    descriptors: int
    threads: int


@dataclass
class Soaked:
    """Resources of a server over time."""

    resident: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start and resident bytes, under load after the warm-up."""

    quiet: list["Held"] = field(default_factory=list)
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


def soak(server: RunningServer, pictures: Sequence[bytes], *, seconds: float, pace: float) -> Soaked:
    """Load a server for ``seconds`` at ``pace`` requests per second, and record its resources."""
    soaked = Soaked()
    with httpx.Client(base_url=server.endpoint, headers={"X-Auth-Token": server.token()}, timeout=60) as client:
        client.post(f"{server.project}/face-sets", json={"face_set_name": "soak"}).raise_for_status()
    _load(server, pictures, seconds / 10, pace, soaked, each_at_once=True)
    soaked.quiet.append(_quiet(server))
    watched = threading.Event()
    watcher = threading.Thread(target=_watch, args=(server, watched, soaked))
    watcher.start()
    try:
        _load(server, pictures, seconds * 9 / 10, pace, soaked)
    finally:
        watched.set()
        watcher.join()
    soaked.quiet.append(_quiet(server))
    return soaked


def _load(
    server: RunningServer,
    pictures: Sequence[bytes],
    seconds: float,
    pace: float,
    soaked: Soaked,
    *,
    each_at_once: bool = False,
) -> None:
    until, token, begin = time.monotonic() + seconds, server.token(), threading.Barrier(CLIENTS)

    def client(number: int) -> Counter[tuple[str, int]]:
        with httpx.Client(base_url=server.endpoint, headers={"X-Auth-Token": token}, timeout=120) as http:
            visitor = Visitor(http, server.project, pictures)
            for turn in range(VIDEO_EVERY) if each_at_once else ():
                begin.wait()
                visitor.ask(turn)
            due, turn = time.monotonic() + number / pace, number * 7
            while (
                due < until and time.monotonic() < until
            ):  # a server that is slower than the pace is not asked for longer
                pause(max(0.0, due - time.monotonic()))
                visitor.ask(turn)
                due, turn = due + CLIENTS / pace, turn + 1
            visitor.tidy()
            return visitor.statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        for statuses in pool.map(client, range(CLIENTS)):
            soaked.statuses += statuses


class Visitor:
    """A client that sends one request after another and deletes the faces that it added."""

    def __init__(self, http: httpx.Client, project: str, pictures: Sequence[bytes]) -> None:
        self._http = http
        self._project = project
        self._set = f"{project}/face-sets/soak"
        self._pictures = pictures
        self._video = encode(gray_frames(1.2))
        self._added: list[str] = []
        self.statuses: Counter[tuple[str, int]] = Counter()
        self._acts: tuple[Callable[[bytes], httpx.Response], ...] = (
            self._search,
            self._add,
            self._detect,
            self._search_like,
            self._wrong_json,
            self._compare,
            self._add,
            self._list,
            self._cut,
            self._silent,
            self._stranger,
            self._delete,
        )

    def ask(self, turn: int) -> None:
        """Send the request of a turn; rarely a video, which needs a child process."""
        picture = self._pictures[turn % len(self._pictures)]
        act = self._video_of_nobody if turn % VIDEO_EVERY == VIDEO_EVERY - 1 else self._acts[turn % len(self._acts)]
        self._count(act.__name__.strip("_"), act(picture))

    def tidy(self) -> None:
        """Delete the remaining faces."""
        while self._added:
            self._count("delete", self._delete(b""))

    def _count(self, name: str, response: httpx.Response) -> None:
        self.statuses[name, response.status_code] += 1

    def _post(self, path: str, picture: bytes, **data: Any) -> httpx.Response:
        return self._http.post(path, files={"image_file": picture}, data=data)

    def _search(self, picture: bytes) -> httpx.Response:
        return self._post(f"{self._set}/search", picture, top_n="20", threshold="0.2")

    def _search_like(self, picture: bytes) -> httpx.Response:
        if not self._added:
            return self._search(picture)
        return self._http.post(f"{self._set}/search", json={"face_id": self._added[-1]})

    def _add(self, picture: bytes) -> httpx.Response:
        if len(self._added) >= FACES_KEPT:
            return self._delete(picture)
        response = self._post(f"{self._set}/faces", picture, single="true")
        self._added += [face["face_id"] for face in response.json().get("faces", ())]
        return response

    def _delete(self, picture: bytes) -> httpx.Response:
        if not self._added:
            return self._list(picture)
        return self._http.delete(f"{self._set}/faces", params={"face_id": self._added.pop(0)})

    def _list(self, _: bytes) -> httpx.Response:
        return self._http.get(f"{self._set}/faces", params={"limit": 50})

    def _detect(self, picture: bytes) -> httpx.Response:
        return self._post(f"{self._project}/face-detect", picture, attributes="0,1,2,3,4,5,7,8,10,11,12,13")

    def _compare(self, picture: bytes) -> httpx.Response:
        files = {"image1_file": picture, "image2_file": self._pictures[0]}
        return self._http.post(f"{self._project}/face-compare", files=files)

    def _silent(self, picture: bytes) -> httpx.Response:
        return self._post(f"{self._project.replace('/v2', '/v1')}/live-detect-face", picture)

    def _video_of_nobody(self, _: bytes) -> httpx.Response:
        files, data = {"video_file": self._video}, {"actions": "1", "action_time": "0-1000"}
        return self._http.post(f"{self._project}/live-detect", files=files, data=data)

    def _wrong_json(self, _: bytes) -> httpx.Response:
        return self._http.post(f"{self._set}/search", content=b'{"image_base64": [')

    def _cut(self, picture: bytes) -> httpx.Response:
        return self._post(f"{self._set}/search", picture[: len(picture) // 2])

    def _stranger(self, _: bytes) -> httpx.Response:
        return self._http.get(f"{self._project}/face-sets", headers={"X-Auth-Token": "nobody"})


def _watch(server: RunningServer, ended: threading.Event, soaked: Soaked) -> None:
    started, interval = time.monotonic(), 0.25
    while not ended.wait(interval):
        soaked.resident.append((time.monotonic() - started, resident(server.process.pid)))


def _quiet(server: RunningServer) -> Held:
    """Return the resources of a server after a while without requests."""
    pause(IDLE_THREADS_SECONDS)
    assert httpx.get(f"{server.endpoint}/ready").status_code == 200
    pause(0.5)
    process = Path(f"/proc/{server.process.pid}")
    targets = [descriptor.readlink() for descriptor in (process / "fd").iterdir()]
    data_files = sum(target.is_relative_to(server.data) for target in targets)
    return Held(data_files, len(targets) - data_files, len(list((process / "task").iterdir())))


def main() -> int:
    """Soak a server with the real models; returns 0 without a leak."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--pace", type=float, default=10, help="requests a second")
    given = parser.parse_args()
    weights = WeightCache.open(Settings().models)
    pictures = [path.read_bytes() for path in sorted(weights.samples.glob("*.jpg"))]
    if not pictures:
        print("sample photos are missing; run: openfrs models fetch --samples")
        return 1
    with tempfile.TemporaryDirectory(prefix="openfrs-soak-") as folder:
        data = Path(folder, "data")
        with running(real_server_command(data, weights.directory), data, environment=THREADS) as server:
            soaked = soak(server, pictures, seconds=given.minutes * 60, pace=given.pace)
    return report(soaked)


def report(soaked: Soaked) -> int:
    """Print the result; returns 0 if memory grew by less than 2 %, descriptors and threads are equal, and no status was 5xx."""
    for (operation, status), count in sorted(soaked.statuses.items()):
        print(f"{operation:16} {status} {count:7}")
    step = max(1, len(soaked.resident) // 20)
    for seconds, size in soaked.resident[::step]:
        print(f"after {seconds / 60:5.1f} min {size:8.1f} MB")
    before, after = soaked.quiet
    print(f"memory drifted by {soaked.drift:+.2%}; {before} -> {after}; load of the machine {os.getloadavg()[1]:.1f}")
    failed = [key for key in soaked.statuses if key[1] >= 500]
    return 0 if is_flat(soaked) and soaked.drift < 0.02 and not failed else 1


def is_flat(soaked: Soaked) -> bool:
    """Return whether descriptors and threads are as many as after the warm-up, and open files are within the limit."""
    before, after = soaked.quiet
    return after == replace(before, data_files=after.data_files) and after.data_files <= DATA_FILES


PEOPLE = [photo((red, green, 60), side=120, suffix=".jpg") for red in (80, 150, 220) for green in (80, 220)]

if __name__ == "__main__":
    sys.exit(main())
