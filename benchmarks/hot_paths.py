"""Count the instructions of the code around the models with Valgrind, independently of the load of the machine.

    make instructions [ACCEPT=1]

The program runs itself under Valgrind, which emulates the same processor on every machine with AVX2, so that libraries select the
same code. Counting starts after a warm-up run; calls of ``getppid`` mark the start and end of each round.
"""

import argparse
import asyncio
import gc
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from openfrs.accounts.keyring import KeyFile, Keyring
from openfrs.accounts.signatures import is_valid, parse_authorization
from openfrs.accounts.tokens import TokenIssuer
from openfrs.api.app import create_app
from openfrs.api.requests.body import Input
from openfrs.core.settings import Settings
from openfrs.core.signing import SignedRequest, canonical_request, sign
from openfrs.evaluation.benchmark.templates import random_templates
from openfrs.faces.filter import parse_filter
from openfrs.media.decoding.base64_text import decode_base64
from openfrs.media.decoding.image import EncodedImage
from openfrs.services import Services
from openfrs.store.accounts import Domain, Grant, Project, User
from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.index.flat import TemplateIndex
from openfrs.vision.alignment import TEMPLATE
from openfrs.vision.detection.upright import BATCH, UprightLook
from openfrs.vision.detection.upright import SIDE as CROP
from openfrs.vision.detection.yunet import SIDE, STRIDES, YuNet
from openfrs.vision.embedding import ChipEmbedder
from openfrs.vision.runtime.base import Session, Tensor
from openfrs.vision.types import Detection, Image
from openfrs.vision.weights.manifest import Preprocessing
from tests.support.fake_models import FakePipeline
from tests.support.servers import REPOSITORY

BASELINE: Final = Path(__file__).with_suffix(".json")

TOLERANCE: Final = 0.25
"""Counts of a commit vary by a few thousandths; builds of Python 3.11 differ by up to a seventh."""

_ROUNDS: Final = 3
_FACES: Final = 20_000
_FIELDS: Final = {"number": {"type": "long"}, "name": {"type": "string"}}
_FILTER: Final = "number:[0 TO 4999] && !name:n7"

_EIGHT_FACES: Final = [(column, row) for row in (15, 40) for column in (10, 30, 50, 70)]
_CROPPED_FACES: Final = [(8, 8 + 16 * crop) for crop in range(BATCH[0])]
"""A face at the centre of each crop of the second look, in cells of 8 pixels of crops below each other."""

Work = Callable[[], object]


class _Network(Session):
    """Returns fixed outputs."""

    def __init__(self, *outputs: Tensor) -> None:
        super().__init__()
        self._outputs = outputs

    def run(self, batch: Tensor) -> list[Tensor]:
        return [output.copy() for output in self._outputs]


class _CompareInput(Input):
    image1_base64: str
    image2_base64: str


def paths(folder: Path) -> Mapping[str, Work]:
    """Return the measured functions by name. All calls of a function do the same work."""
    image = _image()
    photo = cv2.imencode(".jpg", image)[1].tobytes()
    index, probe = _index(), np.random.default_rng(1).normal(size=128).astype(np.float32)
    detector = YuNet(_Network(*_detector_outputs((SIDE, SIDE), _EIGHT_FACES)))
    main = YuNet(_Network(*_detector_outputs((320, 256), [(20, 15)])))
    look = UprightLook(_Network(*_detector_outputs((CROP, CROP * BATCH[0]), _CROPPED_FACES)))
    landmarks = np.array([[300, 200], [380, 205], [340, 250], [310, 290], [370, 292]], np.float32)
    face = Detection(260, 150, 160, 190, landmarks, 0.9)
    embedder = ChipEmbedder(_Network(probe[None]), 128, Preprocessing())
    body = json.dumps(dict.fromkeys(_CompareInput.model_fields, "/9j/" * 50_000)).encode()
    issuer = TokenIssuer(Keyring(KeyFile(folder / "keys")), timedelta(days=1))
    token, _ = issuer.issue("u" * 32, "p" * 32, 0)
    return {
        "decode a JPEG of 640 x 480": lambda: EncodedImage(photo, "photo").decode(),
        "detect eight faces in it, without the network": lambda: detector.detect(image),
        "find the main face in it, without the network": lambda: look.confirm(image, main.detect_large(image)[0]),
        "align and embed a face, without the network": lambda: embedder.embed(image, [face]),
        "search 20,000 faces": lambda: index.nearest(probe, 10),
        "search half of them with a filter": lambda: index.nearest(probe, 10, parse_filter(_FILTER, _FIELDS)),
        "read a body with two images of 150 kB": lambda: _read(body),
        "verify a signature": _verification(),
        "verify a token that was read before": lambda: issuer.read(token),
        "serve a request for a face set": _request(folder / "data"),
    }


def _image() -> Image:
    """Return an image of 640 x 480 pixels that is as smooth as a photograph."""
    coarse = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8)


def _detector_outputs(size: tuple[int, int], faces: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Return outputs of the detector's network for faces of 80 pixels on a canvas of ``size`` = (width, height).

    The column and row of a face are in cells of 8 pixels.
    """
    random, cells = np.random.default_rng(0), [size[0] * size[1] // stride**2 for stride in STRIDES]
    classes, objects = ([random.uniform(0, 0.3, (1, count, 1)) for count in cells] for _ in range(2))
    boxes, landmarks = ([random.normal(size=(1, count, width)) for count in cells] for width in (4, 10))
    indices = [row * (size[0] // STRIDES[0]) + column for column, row in faces]
    classes[0][0, indices] = objects[0][0, indices] = 0.95
    boxes[0][0, indices] = 0, 0, np.log(10), np.log(10)
    landmarks[0][0, indices] = (TEMPLATE - 56).reshape(-1) / 112 * 10
    return [output.astype(np.float32) for outputs in (classes, objects, boxes, landmarks) for output in outputs]


def _index() -> TemplateIndex:
    random, index = np.random.default_rng(0), TemplateIndex(_FIELDS)
    templates = random_templates(random, _FACES)
    names = [f"n{number}" for number in range(10)]
    fields = [{"number": number, "name": names[number % 10]} for number in random.integers(0, 10_000, _FACES).tolist()]
    image_ids, none = names * (_FACES // len(names)), np.empty(0, np.int64)
    index.apply(Changes(np.arange(_FACES), templates.astype(TEMPLATE_TYPE), image_ids, fields, none))
    return index


def _read(body: bytes) -> list[bytes]:
    request = _CompareInput.model_validate_json(body)
    return [decode_base64(text, "image") for text in (request.image1_base64, request.image2_base64)]


def _verification() -> Work:
    headers = {"host": "frs.example.org", "x-sdk-date": "20260101T000000Z", "content-type": "application/json"}
    path = f"/v2/{'p' * 32}/face-sets/people/search"
    request = SignedRequest("POST", path, "limit=10&offset=0", headers, hashlib.sha256(b"{}").hexdigest())
    names, key = tuple(sorted(headers)), "s" * 40
    signature = sign(key, headers["x-sdk-date"], canonical_request(request, names))
    header = f"SDK-HMAC-SHA256 Access={'A' * 20}, SignedHeaders={';'.join(names)}, Signature={signature}"

    def verify() -> None:
        claimed = parse_authorization(header)
        assert claimed is not None
        assert is_valid(request, claimed, key)

    return verify


def _request(data: Path) -> Work:
    """Return a request for a face set, from the application's call to its response, without a socket."""
    data.mkdir()
    services = Services.open(Settings(data=data, rate=0), FakePipeline())
    accounts, domain = services._accounts, Domain("d" * 32, "domain")
    user, project = User("u" * 32, "user", domain, "*"), Project("p" * 32, "project", domain, datetime.now(UTC))
    grants = [Grant(user.id, project.id, "reader")]
    accounts.create(domains=[domain], users=[user], projects=[project], grants=grants)
    services.face_sets.create(project.id, "people", None, {}, limit=1, max_capacity=10_000)
    token, _ = TokenIssuer(Keyring(KeyFile(data / "keys.json")), timedelta(days=1)).issue(user.id, project.id, 0)
    app, loop = create_app(services), asyncio.new_event_loop()
    path = f"/v2/{project.id}/face-sets/people"
    headers = [(b"host", b"127.0.0.1"), (b"x-auth-token", token.encode())]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": headers}
    scope |= {"query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "scheme": "http"}
    statuses = list[int]()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    def serve() -> None:
        statuses.clear()
        loop.run_until_complete(app({**scope}, receive, send))
        assert statuses[0] == 200, statuses

    return serve


def unsupported_reason() -> str | None:
    """Return why instructions cannot be counted on this machine or compared with the baseline, or None."""
    if not all(map(shutil.which, ("valgrind", "vgdb"))):
        return "valgrind is not installed"
    if platform.machine() != "x86_64" or "avx2" not in Path("/proc/cpuinfo").read_text("utf-8").split():
        return "the processor has no AVX2"
    expected, python = _read_baseline()["python"], _python()
    return None if python == expected else f"the baseline is for Python {expected}, this is Python {python}"


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _read_baseline() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(BASELINE.read_text("utf-8"))
    return stored


def count_instructions() -> Mapping[str, int]:
    """Return the instructions of one call of each function, the minimum of several rounds."""
    with tempfile.TemporaryDirectory(prefix="openfrs-") as folder:
        counts, log = Path(folder, "counts"), Path(folder, "log")
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--dump-before=getppid", "--combine-dumps=yes"]
        command += [f"--callgrind-out-file={counts}", f"--vgdb-prefix={folder}/vgdb"]
        command += [sys.executable, "-m", "benchmarks.hot_paths", "--work", folder]
        fixed = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        with log.open("w") as output:
            process = subprocess.run(
                command, cwd=REPOSITORY, env=os.environ | fixed, stdout=output, stderr=output, timeout=900, check=False
            )
        if process.returncode:
            raise RuntimeError(log.read_text("utf-8", "replace")[-4000:])
        names = json.loads(Path(folder, "names").read_text("utf-8"))
        totals = [int(line.split()[1]) for line in counts.read_text("utf-8").splitlines() if line.startswith("totals:")]
    rounds = np.array(totals[-len(names) * _ROUNDS - 1 : -1]).reshape(len(names), _ROUNDS)
    return dict(zip(names, rounds.min(axis=1).tolist(), strict=True))


def work(folder: Path) -> None:
    """Run all functions between marks under Valgrind, and enable counting after the warm-up."""
    cv2.setNumThreads(1)
    prepared = paths(folder)
    (folder / "names").write_text(json.dumps(list(prepared)), "utf-8")
    for run in prepared.values():
        run()
    gc.disable()
    # without ptrace, which may be forbidden: Valgrind polls for commands while the program runs
    command = ["vgdb", f"--pid={os.getpid()}", f"--vgdb-prefix={folder}/vgdb", "--max-invoke-ms=0"]
    with subprocess.Popen([*command, "instrumentation", "on"]) as switch:
        while switch.poll() is None:
            time.sleep(0.01)
    if switch.returncode:
        raise RuntimeError("Valgrind does not accept commands")
    for run in prepared.values():
        for _ in range(_ROUNDS):
            os.getppid()
            run()
    os.getppid()


def baseline() -> Mapping[str, int]:
    """Return the accepted instructions by function."""
    accepted: dict[str, int] = _read_baseline()["instructions"]
    return accepted


def excesses(counts: Mapping[str, int], accepted: Mapping[str, int]) -> list[str]:
    """Describe the functions that exceed the accepted instructions by more than the tolerance."""
    return [
        f"{name}: {count / accepted[name] - 1:+.0%}"
        for name, count in counts.items()
        if count > accepted[name] * (1 + TOLERANCE)
    ]


def main() -> None:
    """Print the instructions of each function and the change from the baseline, or update the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="update the baseline")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    if not options.accept and (reason := unsupported_reason()):
        sys.exit(reason)
    counts, accepted = count_instructions(), baseline()
    for name, count in counts.items():
        before = accepted.get(name)
        print(f"{name:45} {count:>12,}", f"{count / before - 1:+.1%}" if before else "new")
    if options.accept:
        accepted_counts = {"python": _python(), "instructions": counts}
        BASELINE.write_text(json.dumps(accepted_counts, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
