"""Computation of cached results for many images in threads, with a progress bar."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from openfrs.core.errors import ServiceError
from openfrs.core.geometry import intersection_over_union
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import SAME_FACE, find_main_face_in
from openfrs.vision.attributes.types import Trait
from openfrs.vision.embedding import normalize
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import ALIGNMENT, Detection, Image
from openfrs.vision.weights.manifest import manifest

from .cache import Record, RecordCache
from .datasets.damages import damaged
from .report_directory import create_report_directory

COMMIT_EVERY: Final = 50
CROP_SIDE: Final = 112
UNREADABLE: Final = "unreadable"

Measure = Callable[[Image, Detection], float]
"""A measure of a face in its image."""


class Face(StrEnum):
    """The face of an image to evaluate."""

    MAIN = "main"
    """The largest face, as in the API; of faces within a tenth of its size, the most central."""

    CENTRE = "centre"
    """The most central face, for data sets that are cropped around the labelled person."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The evaluated faces of some images.

    ``embeddings`` has shape (images, dimension); ``has_face`` and ``measures`` have shape (images,). Rows without a face are 0 in
    ``embeddings`` and NaN in ``measures``.
    """

    embeddings: npt.NDArray[np.float32]
    has_face: npt.NDArray[np.bool_]
    measures: dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Runner:
    """The models, cache and threads of an evaluation."""

    pipeline: Pipeline
    cache: RecordCache
    workers: int
    console: Console
    measures: Mapping[str, Measure]
    """The measures of every embedded face: quality scores to evaluate."""

    part: str = ""
    """Evaluate this embedder of the manifest, one of those whose embeddings the pipeline concatenates."""

    @property
    def embedder(self) -> str:
        """Identity of the evaluated embedder."""
        return self.part or self.pipeline.embedder

    @property
    def dimension(self) -> int:
        """Length of the evaluated embeddings."""
        return manifest().dimension(self.part) if self.part else self.pipeline.dimension

    @classmethod
    @contextmanager
    def open(
        cls, pipeline: Pipeline, directory: Path, workers: int, measures: Mapping[str, Measure] | None = None
    ) -> Iterator["Runner"]:
        """Open the cache of a report directory, and create the directory if it is missing.

        Raises:
            OperatorError: the directory or the cache cannot be created.
        """
        create_report_directory(directory)
        with RecordCache.open(directory / "cache.db") as cache:
            defaults = {TOTAL_SCORE: total_score(pipeline), **MEASURES}
            yield cls(pipeline, cache, workers, Console(stderr=True), defaults if measures is None else measures)

    def records(self, title: str, kind: str, paths: Sequence[Path], work: Callable[[Path], Record]) -> list[Record]:
        """Return the record of every image from the cache, or from ``work``, which is called in several threads.

        ``title`` is that of the progress bar; ``kind`` distinguishes the records of an image. An image that cannot be decoded has
        a record with the single key ``unreadable``.
        """
        executions = sorted(f"{name} {execution}" for name, execution in self.pipeline.execution_configs.items())
        keys = [self.cache.key(path, "|".join([kind, *executions])) for path in paths]
        records: dict[str, Record] = {}
        missing: dict[str, Path] = {}
        for key, path in zip(keys, paths, strict=True):
            if (record := self.cache.get(key)) is not None:
                records[key] = record
            else:
                missing[key] = path
        if missing:
            self._compute(title, missing, work, records)
        return [records[key] for key in keys]

    def _compute(
        self, title: str, missing: dict[str, Path], work: Callable[[Path], Record], records: dict[str, Record]
    ) -> None:
        def record_of(path: Path) -> Record:
            try:
                return work(path)
            except ServiceError as error:
                return {UNREADABLE: np.array(error.entry.code)}

        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="evaluation")
        waiting: dict[Future[Record], str] = {}
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        try:
            with Progress(*columns, console=self.console) as progress:
                task = progress.add_task(title, total=len(records) + len(missing), completed=len(records))
                waiting.update({pool.submit(record_of, path): key for key, path in missing.items()})
                unsaved = 0
                while waiting:
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        records[waiting[future]] = future.result()
                        self.cache.put(waiting[future], future.result())
                        del waiting[future]
                    progress.advance(task, len(done))
                    unsaved += len(done)
                    if unsaved >= COMMIT_EVERY:
                        self.cache.commit()
                        unsaved = 0
        finally:
            pool.shutdown(cancel_futures=True)
            for future, key in waiting.items():  # results that were complete when the run was interrupted
                if not future.cancelled() and future.exception() is None:
                    self.cache.put(key, future.result())
            self.cache.commit()

    def faces(self, paths: Sequence[Path], choice: Face) -> Faces:
        """Embed and measure one face of every image. Both choices are computed and cached together."""
        measures = self.measures

        def work(path: Path) -> Record:
            image = EncodedImage.from_file(path).decode()
            faces = both_faces(self.pipeline, image)
            return {
                "embeddings": self.pipeline.embed(image, faces),
                "measures": np.array([[measure(image, face) for measure in measures.values()] for face in faces]),
            }

        kind = "|".join(["faces", self.pipeline.embedder, f"alignment {ALIGNMENT}", *measures])
        return self._chosen(self.records("embedding", kind, paths, work), -1 if choice is Face.CENTRE else 0)

    def damaged_faces(self, paths: Sequence[Path], damage: str) -> Faces:
        """Embed the main face of every image under a damage of :data:`~.datasets.damages.DAMAGES`.

        The damage is placed by the main face of the undamaged image. Without a face before or after it, there is none.
        """

        def work(path: Path) -> Record:
            image = EncodedImage.from_file(path).decode()
            face = find_main_face_in(self.pipeline, image)
            if face is not None:
                image = damaged(image, face, damage, "/".join(path.parts[-2:]))
                face = find_main_face_in(self.pipeline, image)
            faces = [] if face is None else [face]
            return {"embeddings": self.pipeline.embed(image, faces), "measures": np.empty((len(faces), 0))}

        kind = "|".join(["damaged", damage, self.pipeline.embedder, f"alignment {ALIGNMENT}"])
        return replace(self, measures={})._chosen(self.records(f"embedding, {damage}", kind, paths, work), 0)

    def _chosen(self, records: Sequence[Record], row: int) -> Faces:
        """Return one row of each record: the main face comes first; it may be the central one too."""
        has_face = np.array([UNREADABLE not in each and len(each["embeddings"]) > 0 for each in records], np.bool_)
        embeddings = np.zeros((len(records), self.dimension), np.float32)
        values = np.full((len(records), len(self.measures)), np.nan)
        for index in np.nonzero(has_face)[0].tolist():
            embeddings[index] = self._evaluated(records[index]["embeddings"][row])
            values[index] = records[index]["measures"][row]
        return Faces(embeddings, has_face, dict(zip(self.measures, values.T, strict=True)))

    def _evaluated(self, embedding: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the evaluated part of an embedding, of unit length."""
        if not self.part:
            return embedding
        start = 0
        for name in manifest().embedders[self.pipeline.embedder].parts:
            end = start + manifest().dimension(name)
            if name == self.part:
                return normalize(embedding[start:end])
            start = end
        raise ValueError(f"{self.part} is not part of {self.pipeline.embedder}")

    def boxes(self, paths: Sequence[Path]) -> list[npt.NDArray[np.float64] | None]:
        """Detect the boxes of all faces of every image (left, top, right, bottom in pixels); None if it cannot be decoded."""

        def work(path: Path) -> Record:
            faces = self.pipeline.detect(EncodedImage.from_file(path).decode())
            rows = [(face.left, face.top, face.left + face.width, face.top + face.height) for face in faces]
            return {"boxes": np.array(rows, np.float64).reshape(-1, 4)}

        return [each.get("boxes") for each in self.records("detecting", "boxes", paths, work)]


def both_faces(pipeline: Pipeline, image: Image) -> list[Detection]:
    """Return the main face, as the API finds it, and the most central face if it is another one."""
    main = find_main_face_in(pipeline, image)
    central = most_central(pipeline.detect(image), image)
    confirmed = None if central is None else pipeline.confirm(image, central)
    if main is None or confirmed is None or intersection_over_union(main, confirmed) > SAME_FACE:
        return [face for face in (main or confirmed,) if face is not None]
    return [main, confirmed]


def most_central(faces: Sequence[Detection], image: Image) -> Detection | None:
    """Return the most central face; None if there are no faces."""
    height, width = image.shape[:2]

    def distance(face: Detection) -> float:
        return float(np.hypot(face.left + face.width / 2 - width / 2, face.top + face.height / 2 - height / 2))

    return min(faces, key=distance, default=None)


def sharpness(image: Image, face: Detection) -> float:
    """Return the variance of the Laplacian of the face at 112 x 112 pixels, a baseline for quality."""
    height, width = image.shape[:2]
    left, top = max(0, int(face.left)), max(0, int(face.top))
    right, bottom = min(width, int(face.left + face.width) + 1), min(height, int(face.top + face.height) + 1)
    crop = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(cv2.resize(crop, (CROP_SIDE, CROP_SIDE)), cv2.CV_64F).var())


def total_score(pipeline: Pipeline) -> Measure:
    """Return the measure of the total score that the API returns; NaN if its weights are missing."""

    def measure(image: Image, face: Detection) -> float:
        quality = pipeline.describe(image, face, {Trait.QUALITY}).quality
        return float("nan") if quality is None else quality.total

    return measure


TOTAL_SCORE: Final = "total_score"
MEASURES: Final[dict[str, Measure]] = {"detector's score": lambda _, face: face.score, "sharpness": sharpness}
"""Baseline measures for the total score of the service."""
