"""Working through many pictures: in threads, with progress, every result kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from openfrs.core.errors import OperatorError, ServiceError
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import main_face
from openfrs.vision.attributes.types import Trait
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

from .cache import Record, RecordCache

COMMIT_EVERY: Final = 50
CROP_SIDE: Final = 112
UNREADABLE: Final = "unreadable"

Measure = Callable[[Image, Detection], float]
"""Something measured of a face in its picture."""


class Face(StrEnum):
    """Which face of a picture counts."""

    MAIN = "main"
    """The largest, as in the API: of those as large within a tenth, the most central."""

    CENTRE = "centre"
    """The most central, for sets of pictures that are cut out around the person they name."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces chosen of some pictures.

    ``embeddings`` has shape (pictures, dimension); ``found`` says which rows hold one. ``measures`` are values of shape
    (pictures,), NaN where there is no face.
    """

    embeddings: npt.NDArray[np.float32]
    found: npt.NDArray[np.bool_]
    measures: dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Runner:
    """The models, the cache and the threads that evaluations share."""

    pipeline: Pipeline
    cache: RecordCache
    workers: int
    console: Console
    measures: Mapping[str, Measure]
    """What is measured of every face that is embedded: scores of quality to tell the worth of."""

    @classmethod
    @contextmanager
    def open(
        cls, pipeline: Pipeline, directory: Path, workers: int, measures: Mapping[str, Measure] | None = None
    ) -> Iterator["Runner"]:
        """Work with the cache of a report directory, which is made where it is missing."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OperatorError(f"{directory} cannot be made: {error.strerror}") from error
        with RecordCache.open(directory / "cache.db") as cache:
            known = {TOTAL_SCORE: total_score(pipeline), **MEASURES} if measures is None else measures
            yield cls(pipeline, cache, workers, Console(stderr=True), known)

    def records(self, what: str, kind: str, paths: Sequence[Path], work: Callable[[Path], Record]) -> list[Record]:
        """The record of every picture, from the cache or by ``work``, which is called in several threads.

        ``what`` is for the progress bar; ``kind`` tells records of one picture apart. A picture that cannot be decoded has a
        record with the one key ``unreadable``.
        """
        executions = sorted(f"{name} {how}" for name, how in self.pipeline.execution_configs.items())
        keys = [self.cache.key(path, "|".join([kind, *executions])) for path in paths]
        found: dict[str, Record] = {}
        missing: dict[str, Path] = {}
        for key, path in zip(keys, paths, strict=True):
            if (record := self.cache.get(key)) is not None:
                found[key] = record
            else:
                missing[key] = path
        if missing:
            self._compute(what, missing, work, found)
        return [found[key] for key in keys]

    def _compute(
        self, what: str, missing: dict[str, Path], work: Callable[[Path], Record], found: dict[str, Record]
    ) -> None:
        def safely(path: Path) -> Record:
            try:
                return work(path)
            except ServiceError as error:
                return {UNREADABLE: np.array(error.entry.code)}

        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="evaluation")
        waiting: dict[Future[Record], str] = {}
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        try:
            with Progress(*columns, console=self.console) as progress:
                task = progress.add_task(what, total=len(found) + len(missing), completed=len(found))
                waiting.update({pool.submit(safely, path): key for key, path in missing.items()})
                unsaved = 0
                while waiting:
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        found[waiting[future]] = future.result()
                        self.cache.put(waiting[future], future.result())
                        del waiting[future]
                    progress.advance(task, len(done))
                    unsaved += len(done)
                    if unsaved >= COMMIT_EVERY:
                        self.cache.commit()
                        unsaved = 0
        finally:
            pool.shutdown(cancel_futures=True)
            for future, key in waiting.items():  # what was finished when the run was cut short
                if not future.cancelled() and future.exception() is None:
                    self.cache.put(key, future.result())
            self.cache.commit()

    def faces(self, paths: Sequence[Path], choice: Face) -> Faces:
        """The chosen face of every picture, embedded and measured. All choices are computed at once, and kept."""
        measures = self.measures

        def work(path: Path) -> Record:
            image = EncodedImage.from_file(path).decode()
            detected = self.pipeline.detect(image)
            faces: list[Detection] = []
            for each in Face:
                face = choose_face(detected, image, each)
                if face is not None and face not in faces:
                    faces.append(face)
            return {
                "embeddings": self.pipeline.embed(image, faces),
                "measures": np.array([[measure(image, face) for measure in measures.values()] for face in faces]),
            }

        kind = "|".join(["faces", self.pipeline.embedder, *measures])
        records = self.records("embedding", kind, paths, work)
        found = np.array([UNREADABLE not in each and len(each["embeddings"]) > 0 for each in records], np.bool_)
        embeddings = np.zeros((len(paths), self.pipeline.dimension), np.float32)
        values = np.full((len(paths), len(measures)), np.nan)
        for place in np.nonzero(found)[0]:
            row = (
                -1 if choice is Face.CENTRE else 0
            )  # the main face comes first; it is alone where it is the central one
            embeddings[place] = records[place]["embeddings"][row]
            values[place] = records[place]["measures"][row]
        return Faces(embeddings, found, dict(zip(measures, values.T, strict=True)))

    def boxes(self, paths: Sequence[Path]) -> list[npt.NDArray[np.float64] | None]:
        """Boxes of all faces of every picture: left, top, right, bottom in pixels; None where it cannot be decoded."""

        def work(path: Path) -> Record:
            faces = self.pipeline.detect(EncodedImage.from_file(path).decode())
            rows = [(face.left, face.top, face.left + face.width, face.top + face.height) for face in faces]
            return {"boxes": np.array(rows, np.float64).reshape(-1, 4)}

        return [each.get("boxes") for each in self.records("detecting", "boxes", paths, work)]


def choose_face(faces: Sequence[Detection], image: Image, choice: Face) -> Detection | None:
    """Return the main or the most central face; None if there are no faces."""
    if choice is Face.MAIN:
        return main_face(faces, image)
    height, width = image.shape[:2]

    def distance(face: Detection) -> float:
        return float(np.hypot(face.left + face.width / 2 - width / 2, face.top + face.height / 2 - height / 2))

    return min(faces, key=distance, default=None)


def sharpness(image: Image, face: Detection) -> float:
    """Spread of the second derivative over the face, scaled to 112 pixels a side: a plain measure to beat."""
    height, width = image.shape[:2]
    left, top = max(0, int(face.left)), max(0, int(face.top))
    right, bottom = min(width, int(face.left + face.width) + 1), min(height, int(face.top + face.height) + 1)
    crop = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(cv2.resize(crop, (CROP_SIDE, CROP_SIDE)), cv2.CV_64F).var())


def total_score(pipeline: Pipeline) -> Measure:
    """The score that the API answers; NaN where the weights for it are missing."""

    def measure(image: Image, face: Detection) -> float:
        quality = pipeline.describe(image, face, {Trait.QUALITY}).quality
        return float("nan") if quality is None else quality.total

    return measure


TOTAL_SCORE: Final = "total_score"
MEASURES: Final[dict[str, Measure]] = {"detector's score": lambda _, face: face.score, "sharpness": sharpness}
"""Plain measures that the service's own score has to beat."""
