"""Measure the processor time of requests around the models: the fake models of the tests cost nearly nothing.

    python -m benchmarks.request_path [--requests 300] [--rounds 3]

A server runs in processes of its own; one client sends the requests over one connection. The figures are those of the server's
processes, best of several rounds, so neither the client nor other programs count. The work of decoding and of the fake models,
measured in this process, is subtracted from those requests that need it.
"""

import argparse
import base64
import http.client
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from openfrs.media.decoding.image import EncodedImage
from tests.support.fake_models import FakePipeline
from tests.support.servers import RunningServer, fake_server_command, running

_COMPARED_BYTES: Final = 273_000
_FACE_SET: Final = "people"


@dataclass(frozen=True)
class Case:
    """A request, and the number of images that it decodes and looks for a face in."""

    method: str
    path: str
    body: bytes | None
    images: Sequence[bytes] = ()


def photograph(size: int | None = None) -> bytes:
    """Return a JPEG of 640 x 480 pixels with one fake face, filled up to ``size`` bytes."""
    image = np.zeros((480, 640, 3), np.uint8)
    image[100:300, 200:400] = (200, 64, 64)
    data = cv2.imencode(".jpg", image)[1].tobytes()
    return data + bytes(max(0, (size or 0) - len(data)))


def cases(project_id: str) -> Mapping[str, Case]:
    """Return the measured requests by name."""
    small, large = photograph(30_000), photograph(_COMPARED_BYTES)
    project = f"/v2/{project_id}"
    face_set = f"{project}/face-sets/{_FACE_SET}"
    one = json.dumps({"image_base64": _text(small), "top_n": 3}).encode()
    two = json.dumps({"image1_base64": _text(large), "image2_base64": _text(large)}).encode()
    added = json.dumps({"image_base64": _text(small), "single": True}).encode()
    return {
        "probe of health": Case("GET", "/health", None),
        "show a face set": Case("GET", face_set, None),
        "list five faces": Case("GET", f"{face_set}/faces", None),
        "search by an image of 30 kB": Case("POST", f"{face_set}/search", one, [small]),
        "compare two images of 273 kB": Case("POST", f"{project}/face-compare", two, [large, large]),
        "add a face": Case("POST", f"{face_set}/faces", added, [small]),
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def plain_milliseconds(images: Sequence[bytes], repetitions: int) -> float:
    """Return the processor time of decoding images, and of the fake models for them."""
    pipeline = FakePipeline()

    def work() -> None:
        for data in images:
            pixels, _ = EncodedImage(data, "image").decode_reduced(1024)
            pipeline.embed(pixels, pipeline.detect(pixels)[:1])

    started = time.process_time()
    for _ in range(repetitions):
        work()
    return 1000 * (time.process_time() - started) / repetitions


def cpu_seconds(pid: int) -> float:
    """Return the processor time of the threads of a process and of its children; a thread that has ended no longer counts."""
    threads = [*Path(f"/proc/{pid}/task").iterdir()]
    own = sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    return own + sum(map(cpu_seconds, children))


class Sender:
    """Sends requests with a token over one connection."""

    def __init__(self, server: RunningServer) -> None:
        with server.http() as client:
            self._headers = {"X-Auth-Token": client.headers["X-Auth-Token"], "Content-Type": "application/json"}
        self._connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"))

    def __call__(self, case: Case) -> None:
        self._connection.request(case.method, case.path, case.body, self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status} {body.decode()}")


def measure(server: RunningServer, requests: int, rounds: int) -> Mapping[str, float]:
    """Return the milliseconds of processor time of the server by request, beyond decoding and the models."""
    send, measured = Sender(server), cases(server.credentials["project_id"])
    send(
        Case(
            "POST",
            f"/v2/{server.credentials['project_id']}/face-sets",
            json.dumps({"face_set_name": _FACE_SET}).encode(),
        )
    )
    for _ in range(5):
        send(measured["add a face"])
    figures = dict.fromkeys(measured, float("inf"))
    for _ in range(rounds):
        for name, case in measured.items():
            plain = plain_milliseconds(case.images, 20)
            send(case)
            started = cpu_seconds(server.process.pid)
            for _ in range(requests):
                send(case)
            milliseconds = 1000 * (cpu_seconds(server.process.pid) - started) / requests
            figures[name] = min(figures[name], milliseconds - plain)
    return figures


def main() -> None:
    """Print the processor time of each request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="requests of each kind in a round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        with running(fake_server_command(data), data, environment={"OPENFRS_RATE": "10000"}) as server:
            figures = measure(server, options.requests, options.rounds)
    for name, milliseconds in figures.items():
        print(f"{name:30} {milliseconds:6.2f} ms")


if __name__ == "__main__":
    main()
