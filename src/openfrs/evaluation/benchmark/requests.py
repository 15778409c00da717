"""Benchmarks of requests through the API, compared with the plain work: the same models without the service.

The plain work of a search by photo is to decode, detect, align and embed, on one thread; the scan of the face set is added where
a search is compared with it. Rounds of all cases are interleaved, so that the state of the machine affects all equally.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pybase64

from openfrs.core import limits
from openfrs.core.settings import Settings
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import find_main_face
from openfrs.vision.loading import create_runtime
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.weights.cache import WeightCache

from . import load
from .figures import Figure
from .images import sample_photo
from .machine import CORES, extensions, foreign_load
from .process_tree import ProcessTree
from .publication import BOUND, BY_CLIENTS
from .scan import random_index
from .server import Server, first_responses, running_server
from .templates import random_templates

CLIENTS: Final = 8
CLIENT_COUNTS: Final = (1, 2, 4, 8, 16)

PLAIN_MS, SEARCHES_PER_SECOND = 14.0, 120.0
"""Goals for two Zen 4 cores with bf16."""

CPU_RATIO, P50_RATIO = 1.10, 1.12
SEARCH_SHARE, ENROLMENT_SHARE = 0.88, 0.85
COMPARE_MS, GET_MS, START_SECONDS, MEMORY_MB = 3.0, 0.5, 2.0, 400.0

OTHER_CORES: Final = 0.1
"""Load of other programs above which the machine was too busy for the figures."""

_ROUNDS: Final = 5
_STARTS: Final = 3
_MIN_LOAD_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Cost:
    """Median milliseconds of processor time and of elapsed time."""

    cpu: float
    elapsed: float


@dataclass(frozen=True, slots=True)
class Case:
    """Requests from several clients at once."""

    name: str
    request: load.Request
    clients: int


@dataclass(frozen=True, slots=True)
class Served:
    """A load, and the server's processor time for each of its requests in milliseconds."""

    load: load.Load
    cpu: float


def measure(settings: Settings, weights: WeightCache, seconds: float, faces: int) -> Iterator[Figure]:
    """Measure searches in a set of ``faces`` random faces, enrolments, comparisons and reads, and the plain work."""
    faces = min(faces, limits.FACE_SET_CAPACITY)
    photo, large = sample_photo(weights), sample_photo(weights, quality=100)
    search, compare = _json(image_base64=photo), _json(image1_base64=large, image2_base64=large)
    starts = first_responses(settings, search, _STARTS)
    first, first_search = zip(*starts, strict=True)
    yield Figure.of_rounds("command to first response, a login of a new account", "s", first, START_SECONDS)
    yield Figure.of_rounds("command to first search by photo", "s", first_search)
    plain = plain_work(ModelPipeline(weights, create_runtime(settings, weights, 1)), photo, large, faces)
    with running_server(settings) as server:
        server.create_set("bench")
        server.create_set("added")
        server.fill("bench", faces)
        server.post("/face-sets/bench/search", search)
        tree = ProcessTree(server.pid)
        if load.is_available():
            cases = _cases(server, search, compare)
            with foreign_load(tree) as foreign:
                costs, served = _run_rounds(plain, cases, tree, seconds)
                curve = [(case, _serve(case, tree, seconds).load.rate) for case in _by_clients(server, search)]
            yield from _figures(costs, served, cases, f"{faces:,}")
            for case, rate in curve:
                yield Figure(case.name, "per second", rate)
            yield Figure("other programs during these measurements", "cores", foreign.cores, OTHER_CORES)
        else:
            yield Figure("requests", "all measurements", None, note=load.MISSING)
        yield Figure(f"all processes of the server, {faces:,} faces", "MB", tree.proportional_mb(), MEMORY_MB)


def plain_work(pipeline: ModelPipeline, photo: bytes, large: bytes, faces: int) -> Mapping[str, Callable[[], object]]:
    """Return the work without the service, by name."""
    index = random_index(faces)
    probe = random_templates(np.random.default_rng(1), 1)[0]

    def embed(image: bytes) -> None:
        main = find_main_face(pipeline, EncodedImage(image, "photo"))
        assert main is not None
        pipeline.embed(main.pixels, [main.face])

    def search() -> None:
        embed(photo)
        index.nearest(probe, 10)

    def compare() -> None:
        embed(large)
        embed(large)

    return {"embed": lambda: embed(photo), "search": search, "compare": compare}


def _json(**images: bytes) -> bytes:
    return json.dumps({name: pybase64.b64encode(image).decode() for name, image in images.items()}).encode()


def _cases(server: Server, search: bytes, compare: bytes) -> dict[str, Case]:
    search_request = server.request("/face-sets/bench/search", search)
    enrolment = server.request("/face-sets/added/faces", search)
    comparison = f"comparison of two images of {len(compare) // 2000:,} kB in base64, one client"
    return {
        "search": Case("search by photo, one client", search_request, 1),
        "searches": Case(f"search by photo, {CLIENTS} clients", search_request, CLIENTS),
        "enrolments": Case(f"enrolment, {CLIENTS} clients", enrolment, CLIENTS),
        "compare": Case(comparison, server.request("/face-compare", compare), 1),
        "get": Case("GET of a face set, one client", server.request("/face-sets/bench"), 1),
    }


def _by_clients(server: Server, search: bytes) -> list[Case]:
    request = server.request("/face-sets/bench/search", search)
    return [Case(f"{BY_CLIENTS}{clients}", request, clients) for clients in CLIENT_COUNTS]


def _run_rounds(
    plain: Mapping[str, Callable[[], object]], cases: Mapping[str, Case], tree: ProcessTree, seconds: float
) -> tuple[Mapping[str, list[Cost]], Mapping[str, list[Served]]]:
    """Return the costs of the plain work and of the requests by name and round."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    served: dict[str, list[Served]] = defaultdict(list)
    for _ in range(_ROUNDS):
        for name, work in plain.items():
            costs[name].append(_cost(work, seconds / _ROUNDS))
        for name, case in cases.items():
            served[name].append(_serve(case, tree, seconds))
    return costs, served


def _cost(work: Callable[[], object], seconds: float) -> Cost:
    for _ in range(3):
        work()
    times: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        cpu, started = time.process_time(), time.perf_counter()
        work()
        times.append((time.process_time() - cpu, time.perf_counter() - started))
    cpu, elapsed = np.median(times, axis=0).tolist()
    return Cost(cpu * 1000, elapsed * 1000)


def _serve(case: Case, tree: ProcessTree, seconds: float) -> Served:
    tree.settle()
    before = tree.cpu_seconds()
    result = load.apply(case.request, case.clients, max(_MIN_LOAD_SECONDS, round(seconds / _ROUNDS)))
    tree.settle()
    return Served(result, 1000 * (tree.cpu_seconds() - before) / result.sent)


def _figures(
    costs: Mapping[str, list[Cost]], served: Mapping[str, list[Served]], cases: Mapping[str, Case], faces: str
) -> Iterator[Figure]:
    bf16 = "bf16" in extensions()
    plain = [cost.cpu for cost in costs["embed"]]
    yield Figure.of_rounds("plain work of a search by photo, 640 x 480", "CPU ms", plain, PLAIN_MS if bf16 else None)
    plain_search = [cost.cpu for cost in costs["search"]]
    yield Figure.of_rounds(f"the same with the scan of {faces} faces", "CPU ms", plain_search)
    bounds = [CORES * 1000 / cpu for cpu in plain_search]
    yield Figure.of_rounds(BOUND, "per second", bounds)
    one, name = list(zip(served["search"], costs["search"], strict=True)), cases["search"].name
    yield Figure.of_rounds(name, "CPU / plain CPU", [each.cpu / cost.cpu for each, cost in one], CPU_RATIO)
    yield Figure.of_rounds(name, "p50 ms", [each.load.p50_ms for each, _ in one])
    yield Figure.of_rounds(name, "p50 / plain", [each.load.p50_ms / cost.elapsed for each, cost in one], P50_RATIO)
    shares = {"searches": ("search", SEARCH_SHARE), "enrolments": ("embed", ENROLMENT_SHARE)}
    for key, (work, goal) in shares.items():
        rounds, name = list(zip(served[key], costs[work], strict=True)), cases[key].name
        share = [_share(each.load, cost.cpu) for each, cost in rounds]
        yield Figure.of_rounds(name, f"share of {CORES} cores' plain work", share, goal, at_least=True)
        rate = SEARCHES_PER_SECOND if key == "searches" and bf16 else None
        yield Figure.of_rounds(name, "per second", [each.load.rate for each, _ in rounds], rate, at_least=True)
    beyond = [each.load.p50_ms - cost.elapsed for each, cost in zip(served["compare"], costs["compare"], strict=True)]
    yield Figure.of_rounds(cases["compare"].name, "ms beyond the plain work", beyond, COMPARE_MS)
    yield Figure.of_rounds(cases["get"].name, "CPU ms", [each.cpu for each in served["get"]], GET_MS)


def _share(result: load.Load, plain_ms: float) -> float:
    """Return the share of the plain work that all cores could do without the load generator."""
    cores = CORES - result.cpu_seconds / result.seconds
    return result.rate * plain_ms / 1000 / cores
