"""Compare the throughput of this pipeline and of other software, from a JPEG to the embedding of its face.

    make bench-peers [DEEPFACE=1]

This pipeline runs two images at a time, each on one thread. OpenCV runs twice: in its usual way, one image at a time on two
internal threads, and two images at a time. DeepFace runs the same two models with OpenCV, and ``face_recognition`` is
single-threaded. The photo is 640 x 480 pixels with one face. Rounds are interleaved so that background load affects all equally;
the median round counts. ``--peers`` and ``--deepface`` name Python interpreters with ``face_recognition`` and DeepFace, which are
otherwise skipped.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openfrs.evaluation.benchmark.figures import Figure  # the other programs' environments do not have this package

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

    return on_threads([embed] * THREADS)


def opencv(photo_file: Path, models: Path) -> Loop:
    """The same two models with the classes of OpenCV, which use two threads for each image."""
    import cv2

    cv2.setNumThreads(THREADS)
    return repeat(_opencv_embedder(photo_file, models))


def opencv_two_images(photo_file: Path, models: Path) -> Loop:
    """The same with two images at a time, each on one thread."""
    import cv2

    cv2.setNumThreads(1)
    return on_threads([_opencv_embedder(photo_file, models) for _ in range(THREADS)])


def _opencv_embedder(photo_file: Path, models: Path) -> Callable[[], None]:
    import cv2
    import numpy as np

    from openfrs.vision.weights.cache import WeightCache

    weights = WeightCache.open(models)
    detector = cv2.FaceDetectorYN.create(str(weights.path("yunet")), "", (640, 480))
    recognizer = cv2.FaceRecognizerSF.create(str(weights.path("sface")), "")
    data = np.frombuffer(photo_file.read_bytes(), np.uint8)

    def embed() -> None:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        _, faces = detector.detect(image)
        recognizer.feature(recognizer.alignCrop(image, faces[0]))

    return embed


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


PROGRAMS = {each.__name__: each for each in (openfrs, opencv, opencv_two_images, face_recognition, deepface)}


@dataclass(frozen=True)
class Peer:
    """The name of a program, and the goals for the ratio to it with bf16 and without."""

    title: str
    bf16_goal: float
    goal: float


PEERS = {
    "opencv": Peer("OpenCV's FaceDetectorYN and FaceRecognizerSF, two threads", 2.3, 2.0),
    "opencv_two_images": Peer("OpenCV's classes, two images at a time", 2.3, 2.0),
    "face_recognition": Peer("face_recognition (dlib)", 22, 18),
    "deepface": Peer("DeepFace with SFace", 4, 4),
}


def repeat(embed: Callable[[], None]) -> Loop:
    """Return a loop that calls ``embed`` repeatedly."""

    def loop(seconds: float) -> int:
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            embed()
            count += 1
        return count

    return loop


def on_threads(embedders: Sequence[Callable[[], None]]) -> Loop:
    """Return a loop that calls each function repeatedly on a thread of its own."""

    def loop(seconds: float) -> int:
        with ThreadPoolExecutor(len(embedders)) as pool:
            return sum(pool.map(lambda embed: repeat(embed)(seconds), embedders))

    return loop


def work(name: str, photo: Path, models: Path) -> None:
    """Read durations in seconds from standard input, and print the faces per second for each."""
    loop = PROGRAMS[name](photo, models)
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


def figures(rates: Mapping[str, Sequence[float]], *, bf16: bool) -> Iterator["Figure"]:
    """Yield the ratio of this pipeline's rate to each program's, with its goal, and the rate of each program."""
    from openfrs.evaluation.benchmark.figures import Figure

    for name in [name for name in PEERS if name in rates]:
        peer = PEERS[name]
        ratios = [own / other for own, other in zip(rates["openfrs"], rates[name], strict=True)]
        goal = peer.bf16_goal if bf16 else peer.goal
        yield Figure.of_rounds(f"against {peer.title}", "times its faces per second", ratios, goal, at_least=True)
    for name, each in rates.items():
        yield Figure.of_rounds(PEERS[name].title if name in PEERS else "OpenFRS", "faces per second", each)


def main() -> None:
    """Run the rounds and print the figures and their goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="Python interpreter with face_recognition")
    parser.add_argument("--deepface", help="Python interpreter with deepface")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--work", choices=PROGRAMS, help=argparse.SUPPRESS)
    parser.add_argument("--photo", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--models", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.photo, options.models)
        return
    from rich.console import Console

    from openfrs.core.settings import Settings
    from openfrs.evaluation.benchmark import publication
    from openfrs.evaluation.benchmark.figures import table, write_figures
    from openfrs.evaluation.benchmark.images import sample_photo
    from openfrs.evaluation.benchmark.machine import extensions
    from openfrs.vision.weights.cache import WeightCache

    models = Settings().models
    pythons = dict.fromkeys(("openfrs", "opencv", "opencv_two_images"), sys.executable)
    pythons |= {"face_recognition": options.peers} if options.peers else {}
    pythons |= {"deepface": options.deepface} if options.deepface else {}
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo.jpg")
        photo.write_bytes(sample_photo(WeightCache.open(models)))
        rates = measure(pythons, photo, models, options.rounds, options.seconds)
    measured = {publication.PEERS: list(figures(rates, bf16="bf16" in extensions()))}
    for title, rows in measured.items():
        Console().print(table(title, rows))
    if options.json:
        write_figures(measured, options.json)


if __name__ == "__main__":
    main()
