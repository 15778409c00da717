"""Measure the comparisons of one client while two others send crowds: images of hundreds of faces, with all attributes.

    python -m benchmarks.crowds

Starts a server with the real models. A comparison waits for pieces of the crowds' work, not for the crowds. Then the clients of the
crowds disconnect, and the work for them must end.
"""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final

import cv2
import numpy as np
import pybase64
from rich.console import Console

from openfrs.core.settings import Settings
from openfrs.evaluation.benchmark.figures import Figure, percentiles, table
from openfrs.evaluation.benchmark.images import sample_photo
from openfrs.evaluation.benchmark.process_tree import ProcessTree
from openfrs.evaluation.benchmark.server import Server, running_server
from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.loading import load_models
from openfrs.vision.weights.cache import WeightCache

COMPARISONS: Final = 100
CROWDS: Final = 2
SIDE: Final = 2048
FACE_SIDE: Final = 72
ALL_ATTRIBUTES: Final = "1,2,4,6,7,8,12,13"
RATIO: Final = 3.0
"""Goal for the 99th percentile beside crowds, as a multiple of that without."""

IDLE_SECONDS: Final = 2.0
"""Goal for the time after which no work is left once the clients have disconnected."""


def main() -> None:
    """Run the benchmark and print its figures."""
    settings = Settings()
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    photo = sample_photo(weights)
    crowd = crowd_image(settings, photo)
    compare = _json(image1_base64=photo, image2_base64=photo)
    with running_server(settings) as server:
        _compare_often(server, compare, 5)
        _warm_up(server, _json(crowd, attributes=ALL_ATTRIBUTES))
        alone = _compare_often(server, compare, COMPARISONS)
        with _crowds(server, _json(crowd, attributes=ALL_ATTRIBUTES)):
            beside = _compare_often(server, compare, COMPARISONS)
        idle_seconds = _seconds_until_idle(server)
    figures = [
        *percentiles("comparison of two faces", alone),
        *percentiles(f"beside {CROWDS} clients with crowds", beside),
        Figure("the same", "p99, ratio to without", _p99(beside) / _p99(alone), RATIO),
        Figure("after these clients disconnect", "seconds until no work is left", idle_seconds, IDLE_SECONDS),
    ]
    Console().print(table("crowds", figures))


def crowd_image(settings: Settings, photo: bytes) -> bytes:
    """Return a JPEG with as many copies of the photo's main face as fit."""
    pixels = EncodedImage(photo, "photo").decode()
    face = load_models(settings).detect(pixels)[0]
    margin = 0.3 * max(face.width, face.height)
    top, left = int(max(0, face.top - margin)), int(max(0, face.left - margin))
    crop = pixels[top : int(face.top + face.height + margin), left : int(face.left + face.width + margin)]
    small = cv2.resize(crop, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)
    tiled = np.tile(small, (SIDE // FACE_SIDE, SIDE // FACE_SIDE, 1))
    return cv2.imencode(".jpg", tiled[:, :, ::-1])[1].tobytes()


def _json(image: bytes | None = None, /, attributes: str | None = None, **images: bytes) -> bytes:
    images |= {} if image is None else {"image_base64": image}
    encoded = {name: pybase64.b64encode(data).decode() for name, data in images.items()}
    return json.dumps(encoded | ({"attributes": attributes} if attributes else {})).encode()


def _compare_often(server: Server, body: bytes, count: int) -> list[float]:
    """Return the milliseconds of each of ``count`` comparisons."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        server.post("/face-compare", body)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _warm_up(server: Server, body: bytes) -> None:
    """Let every vision process load its models."""
    headers = {"Content-Type": "application/json", "X-Auth-Token": server.token}

    def send() -> None:
        with closing(http.client.HTTPConnection(server.address)) as connection:
            connection.request("POST", f"{server.project}/face-detect", body, headers)
            connection.getresponse().read()

    threads = [threading.Thread(target=send) for _ in range(CROWDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def _crowds(server: Server, body: bytes) -> Iterator[None]:
    """Send crowds without pause from several clients, which disconnect when the block ends."""
    ended = threading.Event()
    connections = [http.client.HTTPConnection(server.address) for _ in range(CROWDS)]

    def send(connection: http.client.HTTPConnection) -> None:
        headers = {"Content-Type": "application/json", "X-Auth-Token": server.token}
        with closing(connection), suppress(OSError, http.client.HTTPException):
            while not ended.is_set():
                connection.request("POST", f"{server.project}/face-detect", body, headers)
                connection.getresponse().read()

    threads = [threading.Thread(target=send, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    time.sleep(2)
    try:
        yield
    finally:
        ended.set()
        for connection in connections:
            if connection.sock is not None:
                connection.sock.shutdown(2)
        for thread in threads:
            thread.join()


def _seconds_until_idle(server: Server) -> float:
    started = time.perf_counter()
    ProcessTree(server.pid).settle()
    return time.perf_counter() - started


def _p99(times: list[float]) -> float:
    return float(np.percentile(times, 99))


if __name__ == "__main__":
    main()
