"""Benchmarks of the stages of the pipeline on an image."""

from collections.abc import Callable, Iterator

import cv2

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import find_main_face_in
from openfrs.vision.alignment import aligned_chip
from openfrs.vision.loading import create_runtime
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import DEFAULT_EXECUTION
from openfrs.vision.weights.cache import WeightCache

from .figures import Figure, percentiles, timed


def measure(settings: Settings, weights: WeightCache, seconds: float) -> Iterator[Figure]:
    """Measure each stage on one thread."""
    for name, work in stages(ModelPipeline(weights, create_runtime(settings, weights, 1)), sample_photo(weights)):
        yield from percentiles(f"{name}, one thread", timed(work, seconds))


def sample_photo(weights: WeightCache, quality: int = 95) -> bytes:
    """Return a 640 x 480 JPEG with one face, made from a sample photo."""
    path = weights.samples / "obama.jpg"
    if not path.is_file():
        raise OperatorError(f"the benchmark needs the sample photos; run: {weights.fetch_command} --samples")
    photo = cv2.imread(str(path))
    assert photo is not None
    resized = cv2.resize(photo[: photo.shape[1] * 3 // 4], (640, 480), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", resized, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def stages(pipeline: ModelPipeline, photo: bytes) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the name and a function for each stage, applied to a photo with one face."""
    image = EncodedImage(photo, "photo").decode()
    face = find_main_face_in(pipeline, image)
    assert face is not None
    yield "decode", lambda: EncodedImage(photo, "photo").decode()
    detected, embedded = (
        f"{pipeline.execution_configs.get(name, DEFAULT_EXECUTION)}" for name in ("yunet", pipeline.embedder)
    )
    yield f"detect ({detected})", lambda: find_main_face_in(pipeline, image)
    yield "align", lambda: aligned_chip(image, face.landmarks)
    yield f"embed ({embedded}, align included)", lambda: pipeline.embed(image, [face])
