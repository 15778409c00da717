"""Compare the throughput of this pipeline and of other software, from a JPEG to the embedding of its face.

    make bench-peers [DEEPFACE=1]

Each program runs in its usual way: this pipeline with two threads, and the others in a loop. OpenCV uses two threads internally,
DeepFace runs the same two models with OpenCV, and ``face_recognition`` is single-threaded. The photo is 640 x 480 pixels with one
face. Rounds are interleaved so that background load affects all equally; the median round counts. ``--peers`` and ``--deepface``
name Python interpreters with ``face_recognition`` and DeepFace, which are otherwise skipped.
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
"""Runs for some seconds and returns the number of embedded faces."""


def openfrs(photo_file: Path, models: Path) -> Loop:
    """The pipeline of this service, as for a search by photo."""
    from openfrs.core.settings import Settings
    from openfrs.media.decoding.image import EncodedImage
    from openfrs.recognition.main_face import find_main_face
    from openfrs.vision.loading import create_runtime
    from openfrs.vision.pipeline import ModelPipeline
    from openfrs.vision.weights.cache import WeightCache

    photo, weights = photo_file.read_bytes(), WeightCache.open(models)
    pipeline = ModelPipeline(weights, create_runtime(Settings(), weights, THREADS))

    def embed() -> None:
        main = find_main_face(pipeline, EncodedImage(photo, "photo"))
        assert main is not None
        pipeline.embed(main.pixels, [main.face])

    def loop(seconds: float) -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(lambda _: repeat(embed)(seconds), range(THREADS)))

    return loop


def opencv(photo_file: Path, models: Path) -> Loop:
    """The same two models with the classes of OpenCV."""
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

    return repeat(embed)


def face_recognition(photo_file: Path, _models: Path) -> Loop:
    """The HOG detector and the ResNet of dlib."""
    import face_recognition as peer  # type: ignore[import-not-found]

    def embed() -> None:
        image = peer.load_image_file(photo_file)
        (_,) = peer.face_encodings(image, peer.face_locations(image))

    return repeat(embed)


def deepface(photo_file: Path, models: Path) -> Loop:
    """The same two models through DeepFace; links to them replace its downloads."""
    home = photo_file.parent / ".deepface" / "weights"
    home.mkdir(parents=True)
    (home / "face_detection_yunet_2023mar.onnx").symlink_to(models / "yunet.onnx")
    (home / "face_recognition_sface_2021dec.onnx").symlink_to(models / "sface.onnx")
    os.environ["DEEPFACE_HOME"] = str(photo_file.parent)
    from deepface import DeepFace  # type: ignore[import-not-found]

    def embed() -> None:
        (_,) = DeepFace.represent(str(photo_file), model_name="SFace", detector_backend="yunet")

    return repeat(embed)


PEERS = {each.__name__: each for each in (openfrs, opencv, face_recognition, deepface)}


def repeat(embed: Callable[[], None]) -> Loop:
    """Return a loop that calls ``embed`` repeatedly."""

    def loop(seconds: float) -> int:
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            embed()
            count += 1
        return count

    return loop


def work(name: str, photo: Path, models: Path) -> None:
    """Read durations in seconds from standard input, and print the faces per second for each."""
    loop = PEERS[name](photo, models)
    for line in sys.stdin:
        loop(0.5)
        started = time.perf_counter()
        faces = loop(float(line))
        print(faces / (time.perf_counter() - started), flush=True)


def measure(pythons: dict[str, str], photo: Path, models: Path, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return the faces per second of each program in every round."""
    rates: dict[str, list[float]] = {name: [] for name in pythons}
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
                rates[name].append(float(worker.stdout.readline()))
        for worker in workers.values():
            worker.communicate()
    return rates


def main() -> None:
    """Run the rounds and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="Python interpreter with face_recognition")
    parser.add_argument("--deepface", help="Python interpreter with deepface")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--work", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--photo", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--models", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.photo, options.models)
        return
    from openfrs.core.settings import Settings
    from openfrs.evaluation.benchmark.images import sample_photo
    from openfrs.vision.weights.cache import WeightCache

    models = Settings().models
    pythons = {"openfrs": sys.executable, "opencv": sys.executable}
    pythons |= {"face_recognition": options.peers} if options.peers else {}
    pythons |= {"deepface": options.deepface} if options.deepface else {}
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo.jpg")
        photo.write_bytes(sample_photo(WeightCache.open(models)))
        rounds = measure(pythons, photo, models, options.rounds, options.seconds)
    medians = {name: statistics.median(rates) for name, rates in rounds.items()}
    ratios = {name: medians["openfrs"] / rate for name, rate in medians.items() if name != "openfrs"}
    print(json.dumps({"faces per second": medians, "ratio to peer": ratios, "rounds": rounds}, indent=2))


if __name__ == "__main__":
    main()
