"""Benchmarks of requests through the API, compared with the same inference and search without the service."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pybase64

from openfrs.core import limits
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.media.decoding.image import EncodedImage
from openfrs.store.data_directory import DataDirectory
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.backend import Query
from openfrs.store.index.search import Galleries
from openfrs.store.opening import open_database
from openfrs.vision.loading import create_runtime
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.weights.cache import WeightCache

from .figures import Figure, percentiles, resident, timed
from .images import sample_photo
from .templates import random_templates, synthetic_face

CLIENTS = 8
CORES = len(os.sched_getaffinity(0))
SEARCH_MS, COMPARE_MS = 15.0, 3.0
START_SECONDS, RESIDENT_MB = 2.0, 450.0
MAX_RATIO, MIN_SHARE = 1.15, 0.90
"""Goals: the ratio of a search's time to that of the bare work, and the share of the bare work's throughput."""

_ROUNDS = 5
_BATCH = 10_000
_MEMORY = 2**32


def measure(settings: Settings, weights: WeightCache, seconds: float, faces: int) -> Iterator[Figure]:
    """Measure searches in a set of ``faces`` random faces, comparisons and enrolments, interleaved with the bare work."""
    faces = min(faces, limits.FACE_SET_CAPACITY)
    pipeline, photo, large = (
        ModelPipeline(weights, create_runtime(settings, weights, 1)),
        sample_photo(weights),
        sample_photo(weights, quality=100),
    )
    with running_server(settings) as server:
        yield Figure("start", "s to first response", server.start_seconds, START_SECONDS)
        scan = server.fill(faces)
        search = _json(image_base64=photo)
        compare = _json(image1_base64=large, image2_base64=large)

        def bare_search() -> object:
            return _embed_main_face(pipeline, photo), scan()

        post = server.client()
        requests, bare = _interleaved(seconds, lambda: post("/face-sets/bench/search", search), bare_search)
        case = f"search by photo, {faces:,} faces, one client"
        yield from percentiles(case, np.concatenate(requests).tolist(), p50=SEARCH_MS)
        yield Figure(case, "ratio to the bare work", _ratio_of_rounds(requests, bare), MAX_RATIO)
        yield Figure("bare work of a search, one thread", "p50 ms", float(np.median(np.concatenate(bare))))

        requests, bare = _interleaved(
            seconds,
            lambda: post("/face-compare", compare),
            lambda: [_embed_main_face(pipeline, large) for _ in range(2)],
        )
        case = f"comparison of images of {len(compare) // 2000:,} kB in base64, one client"
        overheads = [float(np.median(request) - np.median(work)) for request, work in zip(requests, bare, strict=True)]
        yield Figure(case, "ms more than the bare work", float(np.median(overheads)), COMPARE_MS)

        for name, path, work in (
            ("search by photo", "/face-sets/bench/search", bare_search),
            ("enrolment", "/face-sets/added/faces", lambda: _embed_main_face(pipeline, photo)),
        ):
            rates, bounds = zip(*(_rates(server, path, search, work, seconds) for _ in range(_ROUNDS)), strict=True)
            case = f"{name}, {CLIENTS} clients"
            yield Figure(case, "per second", float(np.median(rates)))
            yield Figure(
                case, f"share of the bare work on {CORES} cores", _median_ratio(rates, bounds), MIN_SHARE, at_least=True
            )
        yield Figure(f"one server process, {faces:,} faces", "resident MB", resident(server.pid), RESIDENT_MB)


def _embed_main_face(pipeline: ModelPipeline, photo: bytes) -> object:
    image = EncodedImage(photo, "photo").decode()
    return pipeline.embed(image, pipeline.detect(image)[:1])


def _json(**images: bytes) -> bytes:
    return json.dumps({name: pybase64.b64encode(image).decode() for name, image in images.items()}).encode()


def _interleaved(seconds: float, *functions: Callable[[], object]) -> list[list[list[float]]]:
    """Return the milliseconds of every call by function and round; rounds are interleaved so that load affects all equally."""
    times: list[list[list[float]]] = [[] for _ in functions]
    for _ in range(_ROUNDS):
        for rounds, work in zip(times, functions, strict=True):
            rounds.append(timed(work, seconds / _ROUNDS))
    return times


def _ratio_of_rounds(requests: list[list[float]], bare: list[list[float]]) -> float:
    return _median_ratio([float(np.median(each)) for each in requests], [float(np.median(each)) for each in bare])


def _median_ratio(values: Sequence[float], bounds: Sequence[float]) -> float:
    return float(np.median(np.array(values) / np.array(bounds)))


def _rates(server: "Server", path: str, body: bytes, work: Callable[[], object], seconds: float) -> tuple[float, float]:
    """Return requests per second of several clients, and the rate of the bare work on all cores by its processor time."""
    end = time.perf_counter() + seconds / _ROUNDS

    def client(_: int) -> int:
        post, count = server.client(), 0
        while time.perf_counter() < end:
            post(path, body)
            count += 1
        return count

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        rate = sum(pool.map(client, range(CLIENTS))) / (time.perf_counter() - started)
    cpu_started = time.process_time()
    runs = len(timed(work, seconds / _ROUNDS)) + 3
    return rate, CORES * runs / (time.process_time() - cpu_started)


class Server:
    """A client of a server in a child process; ``start_seconds`` is the time to its first response."""

    def __init__(self, pid: int, endpoint: str, data: Path, started_at: float) -> None:
        self.pid, self._data = pid, data
        self.address = urlsplit(endpoint).netloc
        credentials = json.loads(DataDirectory(data).credentials.read_bytes())
        self._project_id = credentials["project_id"]
        user = {"name": credentials["user"], "password": credentials["password"]}
        password = {"user": {**user, "domain": {"name": credentials["domain"]}}}
        scope = {"project": {"id": self._project_id}}
        self.project = f"/v2/{self._project_id}"
        login = {"auth": {"identity": {"methods": ["password"], "password": password}, "scope": scope}}
        self._open = ExitStack()
        connection = self._connection()
        connection.request("POST", "/v3/auth/tokens", json.dumps(login), {"Content-Type": "application/json"})
        response = connection.getresponse()
        self.token = response.headers["X-Subject-Token"]
        response.read()
        self.start_seconds = time.perf_counter() - started_at

    def client(self) -> Callable[[str, bytes], bytes]:
        """Return a function that posts to a path over its own connection; it raises unless the status is 200."""
        connection = self._connection()
        headers = {"Content-Type": "application/json", "X-Auth-Token": self.token}

        def post(path: str, body: bytes) -> bytes:
            connection.request("POST", self.project + path, body, headers)
            response = connection.getresponse()
            content = response.read()
            if response.status != 200:
                raise OperatorError(f"the server returned {response.status}: {content.decode()}")
            return content

        return post

    def fill(self, faces: int) -> Callable[[], object]:
        """Create two sets, write random faces to one of them directly, and return a function that scans it."""
        post = self.client()
        post("/face-sets", b'{"face_set_name": "bench"}')
        post("/face-sets", b'{"face_set_name": "added"}')
        generator = np.random.default_rng(0)
        database = self._open.enter_context(closing(open_database(Settings(data=self._data, database=None))))
        repository = FaceRepository(database)
        face_set = repository.find_set(self._project_id, "bench")
        assert face_set is not None
        for start in range(0, faces, _BATCH):
            templates = random_templates(generator, min(_BATCH, faces - start))
            added = [synthetic_face(start + offset, template) for offset, template in enumerate(templates)]
            repository.add(face_set.id, added)
        galleries = Galleries.in_memory(repository, _MEMORY)
        return lambda: galleries.search(face_set.id, templates[0], Query(10))

    def close(self) -> None:
        """Close all connections."""
        self._open.close()

    def _connection(self) -> http.client.HTTPConnection:
        return self._open.enter_context(closing(http.client.HTTPConnection(self.address)))


@contextmanager
def running_server(settings: Settings) -> Iterator[Server]:
    """Run a server with an empty data directory and the settings of the environment."""
    with tempfile.TemporaryDirectory(prefix="openfrs-bench-") as folder:
        data = Path(folder, "data")
        command = [sys.executable, "-m", "openfrs", "serve", "--data", str(data), "--port", "0"]
        command += ["--models", str(settings.models)]
        started_at = time.perf_counter()
        with (
            Path(folder, "log").open("w") as log,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
        ):
            assert process.stdout is not None
            try:
                ready = next((line for line in process.stdout if " ready on " in line), None)
                if ready is None:
                    raise OperatorError("the server did not start")
                with closing(Server(process.pid, ready.split(" ready on ")[1].split()[0], data, started_at)) as server:
                    yield server
            finally:
                process.terminate()
