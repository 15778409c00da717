"""Pictures: milliseconds a stage, and requests a second through the API."""

import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import pybase64

from ..errors import OperatorError
from ..media.picture import decode
from ..settings import Settings
from ..vision.alignment import aligned_chip
from ..vision.cache import WeightCache
from ..vision.pipeline import ModelPipeline
from .figures import Figure, percentiles, timed

CLIENTS = 8


def measure(settings: Settings, seconds: float) -> Iterator[Figure]:
    """Stages run alone on one thread; requests come from eight clients at once."""
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    photo = photo_of_one(weights)
    for name, work in _stages(ModelPipeline(weights, streams=1), photo):
        yield from percentiles(f"{name}, one thread", timed(work, seconds))
    with running_server(settings) as server:
        for name, path, body in _requests(server, photo):
            rate, times = _load(server, path, body, seconds)
            yield Figure(f"{name}, {CLIENTS} clients", "per second", rate)
            yield from percentiles(f"{name}, {CLIENTS} clients", times)


def photo_of_one(weights: WeightCache) -> bytes:
    """A 640 x 480 JPEG with one face, made from a sample photo."""
    path = weights.samples / "obama.jpg"
    if not path.is_file():
        raise OperatorError("the benchmark needs the sample photos; run: openfrs models fetch --samples")
    photo = cv2.imread(str(path))
    assert photo is not None
    resized = cv2.resize(photo[: photo.shape[1] * 3 // 4], (640, 480), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", resized, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def _stages(pipeline: ModelPipeline, photo: bytes) -> Iterator[tuple[str, Callable[[], object]]]:
    image = decode(photo, "photo")
    faces = pipeline.detect(image)[:1]
    yield "decode", lambda: decode(photo, "photo")
    yield "detect", lambda: pipeline.detect(image)
    yield "align", lambda: aligned_chip(image, faces[0].landmarks)
    yield "embed (align included)", lambda: pipeline.embed(image, faces)


class Server:
    """A server in a process of its own, with a token to talk to it."""

    def __init__(self, pid: int, endpoint: str, credentials: dict[str, str]) -> None:
        self.pid = pid
        self.address = urlsplit(endpoint).netloc
        self.project = f"/v2/{credentials['project_id']}"
        user = {"name": credentials["user"], "password": credentials["password"]}
        password = {"user": {**user, "domain": {"name": credentials["domain"]}}}
        scope = {"project": {"id": credentials["project_id"]}}
        login = {"auth": {"identity": {"methods": ["password"], "password": password}, "scope": scope}}
        connection = http.client.HTTPConnection(self.address)
        connection.request("POST", "/v3/auth/tokens", json.dumps(login), {"Content-Type": "application/json"})
        self.token = connection.getresponse().headers["X-Subject-Token"]

    def post(self, connection: http.client.HTTPConnection, path: str, body: bytes) -> bytes:
        """The answer to a request; anything but success stops the benchmark."""
        headers = {"Content-Type": "application/json", "X-Auth-Token": self.token}
        connection.request("POST", self.project + path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise OperatorError(f"the server answered {answer.status}: {content.decode()}")
        return content


@contextmanager
def running_server(settings: Settings) -> Iterator[Server]:
    """A server over an empty data directory, with the settings of the environment, until the end of the context."""
    with tempfile.TemporaryDirectory(prefix="openfrs-bench-") as folder:
        data = Path(folder, "data")
        command = [sys.executable, "-m", "openfrs", "serve", "--data", str(data), "--port", "0"]
        command += ["--models", str(settings.models)]
        with (
            Path(folder, "log").open("w") as log,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
        ):
            assert process.stdout is not None
            try:
                ready = next((line for line in process.stdout if " ready on " in line), None)
                if ready is None:
                    raise OperatorError("the server did not start")
                endpoint = ready.split(" ready on ")[1].split()[0]
                yield Server(process.pid, endpoint, json.loads((data / "credentials.json").read_bytes()))
            finally:
                process.terminate()


def _requests(server: Server, photo: bytes) -> Iterator[tuple[str, str, bytes]]:
    connection = http.client.HTTPConnection(server.address)
    image = pybase64.b64encode(photo).decode()
    server.post(connection, "/face-sets", b'{"face_set_name": "bench"}')
    one = json.dumps({"image_base64": image}).encode()
    server.post(connection, "/face-sets/bench/faces", one)
    yield "detect", "/face-detect", one
    yield "compare", "/face-compare", json.dumps({"image1_base64": image, "image2_base64": image}).encode()
    yield "search by photo", "/face-sets/bench/search", one
    yield "add", "/face-sets/bench/faces", one


def _load(server: Server, path: str, body: bytes, seconds: float) -> tuple[float, list[float]]:
    """Requests a second, and the milliseconds of each."""
    until = time.perf_counter() + seconds

    def client(_: int) -> list[float]:
        connection = http.client.HTTPConnection(server.address)
        return timed(lambda: server.post(connection, path, body), until - time.perf_counter())

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        times = [each for found in pool.map(client, range(CLIENTS)) for each in found]
    return len(times) / (time.perf_counter() - started), times
