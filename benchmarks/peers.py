"""Faces a second of this pipeline and of other software, from the same JPEG to an embedding, in turn in one run.

    make bench-peers [DEEPFACE=1]

Each runs as its users run it: this pipeline in two threads, OpenCV in a plain loop that may use two threads itself,
``face_recognition``, which has no threads, in a plain loop, and so DeepFace, with the same two models, which it runs by OpenCV.
The photograph is 640 x 480 with one face. Every round gives each of them the same time, so that what else the machine does
falls on all; the median round counts. ``--peers`` and ``--deepface`` name Pythons that have ``face_recognition`` and
DeepFace; without them those are left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

THREADS = 2

Loop = Callable[[float], int]
"""Works for some seconds; returns how many faces were embedded."""


def openfrs(photo_file: Path, models: Path) -> Loop:
    """Our pipeline, as a search by photo uses it."""
    from openfrs.core.settings import Settings
    from openfrs.media.decoding.image import EncodedImage
    from openfrs.recognition.main_face import find_main_face
    from openfrs.vision.loading import runtime_of
    from openfrs.vision.pipeline import ModelPipeline
    from openfrs.vision.weights.cache import WeightCache

    photo, weights = photo_file.read_bytes(), WeightCache.open(models)
    pipeline = ModelPipeline(weights, runtime_of(Settings(), weights, THREADS))

    def embed() -> None:
        found = find_main_face(pipeline, EncodedImage(photo, "photo"))
        assert found is not None
        pipeline.embed(found.pixels, [found.face])

    def loop(seconds: float) -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(lambda _: repeated(embed)(seconds), range(THREADS)))

    return loop


def opencv(photo_file: Path, models: Path) -> Loop:
    """The same two models through OpenCV's own classes."""
    import cv2
    import numpy as np

    from openfrs.vision.weights.cache import WeightCache

    weights = WeightCache.open(models)
    cv2.setNumThreads(THREADS)
    detector = cv2.FaceDetectorYN.create(str(weights.path("yunet")), "", (640, 480))
    recognizer = cv2.FaceRecognizerSF.create(str(weights.path("sface")), "")
    data = np.frombuffer(photo_file.read_bytes(), np.uint8)

    def embed() -> None:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        _, faces = detector.detect(image)
        recognizer.feature(recognizer.alignCrop(image, faces[0]))

    return repeated(embed)


def face_recognition(photo_file: Path, _models: Path) -> Loop:
    """The HOG detector and the ResNet of dlib."""
    import face_recognition as peer  # type: ignore[import-not-found]

    def embed() -> None:
        image = peer.load_image_file(photo_file)
        (_,) = peer.face_encodings(image, peer.face_locations(image))

    return repeated(embed)


def deepface(photo_file: Path, models: Path) -> Loop:
    """The same two models through DeepFace, which finds them where it would have downloaded them to."""
    home = photo_file.parent / ".deepface" / "weights"
    home.mkdir(parents=True)
    (home / "face_detection_yunet_2023mar.onnx").symlink_to(models / "yunet.onnx")
    (home / "face_recognition_sface_2021dec.onnx").symlink_to(models / "sface.onnx")
    os.environ["DEEPFACE_HOME"] = str(photo_file.parent)
    from deepface import DeepFace  # type: ignore[import-not-found]

    def embed() -> None:
        (_,) = DeepFace.represent(str(photo_file), model_name="SFace", detector_backend="yunet")

    return repeated(embed)


PEERS = {each.__name__: each for each in (openfrs, opencv, face_recognition, deepface)}


def repeated(embed: Callable[[], None]) -> Loop:
    """One face after another."""

    def loop(seconds: float) -> int:
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            embed()
            done += 1
        return done

    return loop


def work(name: str, photo: Path, models: Path) -> None:
    """Answer each line of standard input, a number of seconds, with the faces a second."""
    loop = PEERS[name](photo, models)
    for line in sys.stdin:
        loop(0.5)
        started = time.perf_counter()
        faces = loop(float(line))
        print(faces / (time.perf_counter() - started), flush=True)


def measure(pythons: dict[str, str], photo: Path, models: Path, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Faces a second of each in every round."""
    found: dict[str, list[float]] = {name: [] for name in pythons}
    with ExitStack() as stack:
        workers = {}
        for name, python in pythons.items():
            command = [python, __file__, "--work", name, "--photo", str(photo), "--models", str(models)]
            workers[name] = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
        for _ in range(rounds):
            for name, worker in workers.items():
                assert worker.stdin is not None
                assert worker.stdout is not None
                print(seconds, file=worker.stdin, flush=True)
                found[name].append(float(worker.stdout.readline()))
        for worker in workers.values():
            worker.communicate()
    return found


def main() -> None:
    """Run the rounds and print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", help="a Python that has face_recognition")
    options.add_argument("--deepface", help="a Python that has deepface")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--work", choices=PEERS, help=argparse.SUPPRESS)
    options.add_argument("--photo", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--models", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.work:
        work(given.work, given.photo, given.models)
        return
    from openfrs.core.settings import Settings
    from openfrs.evaluation.benchmark.images import photo_of_one
    from openfrs.vision.weights.cache import WeightCache

    models = Settings().models
    pythons = {"openfrs": sys.executable, "opencv": sys.executable}
    pythons |= {"face_recognition": given.peers} if given.peers else {}
    pythons |= {"deepface": given.deepface} if given.deepface else {}
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo.jpg")
        photo.write_bytes(photo_of_one(WeightCache.open(models)))
        found = measure(pythons, photo, models, given.rounds, given.seconds)
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    ratios = {name: medians["openfrs"] / rate for name, rate in medians.items() if name != "openfrs"}
    print(json.dumps({"faces per second": medians, "times the peer's": ratios, "rounds": found}, indent=2))


if __name__ == "__main__":
    main()
