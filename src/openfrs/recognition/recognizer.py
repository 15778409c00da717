"""Detecting, comparing and making templates: picture bytes in, faces out, in bounded lanes of threads."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.media.decoding.header import claimed_pixels
from openfrs.media.decoding.image import decode
from openfrs.vision.attributes.types import Trait, Traits
from openfrs.vision.measured import MeasuredPipeline
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.runtime.session import Execution
from openfrs.vision.types import Detection, Image, main_face

from .attributes import Attribute, Attributes, traits_for, worded
from .executor import Lane
from .main_face import MainFace, find_main_face
from .similarity import Calibration

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a picture and the name of the parameter they came in, for errors."""

    data: bytes
    parameter: str


@dataclass(frozen=True, slots=True, eq=False)
class FaceTemplate:
    """A face of a picture: where it is, and its unit embedding of shape (dimension,)."""

    box: BoundingBox
    embedding: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A face of a picture that may be enrolled: its template, how sure the detector is of it, 0..1, and what was measured."""

    template: FaceTemplate
    confidence: float
    traits: Traits
    is_main: bool
    """Whether it is the face that the picture is about."""


@dataclass(frozen=True, slots=True, eq=False)
class DescribedFace:
    """A face of a picture: where it is, and the attributes asked for."""

    box: BoundingBox
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest faces of two pictures and how alike they are, 0..1."""

    boxes: tuple[BoundingBox, BoundingBox]
    similarity: float


class Recognizer:
    """What the models say of pictures.

    At most ``threads`` small pictures are worked on and ``queue`` more wait, and beside them as many large ones, of which
    ``large_queue`` wait; the next one is refused at once. A caller that goes away before its turn takes its picture out of the
    queue.
    """

    def __init__(
        self, pipeline: Pipeline, calibration: Calibration, *, threads: int, queue: int, large_queue: int
    ) -> None:
        self._pipeline: Pipeline = MeasuredPipeline(pipeline)
        self.calibration = calibration
        self._small = Lane("small", threads=threads, queue=queue)
        self._large = Lane("large", threads=threads, queue=large_queue)
        self.lanes = (self._small, self._large)

    @property
    def executions(self) -> Mapping[str, Execution]:
        """How weights are run, by name, where it is not by OpenVINO in single precision."""
        return self._pipeline.executions

    @property
    def embedder(self) -> str:
        """Name of the embedder that makes this recognizer's templates."""
        return self._pipeline.embedder

    @property
    def dimension(self) -> int:
        """Length of a template's embedding."""
        return self._pipeline.dimension

    @property
    def mirrored(self) -> bool:
        """Whether a template's embedding is the mean direction of those of a face and its mirror image."""
        return self._pipeline.mirrored

    async def detect(self, picture: Picture, asked: Collection[Attribute] = ()) -> list[DescribedFace]:
        """All faces of a picture, largest first, with the attributes asked for.

        Faces that lie on their side or stand on their head are looked for where ``FACE_ANGLE`` is asked.

        Raises:
            ServiceError: ``FRS.0013/0015/0016/0017`` for the picture, ``FRS.0033`` when there is no room.
        """
        return await self._run(lambda: self._detect(picture, asked), picture)

    async def measure(self, picture: Picture, wanted: Collection[Trait]) -> Traits:
        """The traits ``wanted`` of a picture's main face.

        Raises:
            ServiceError: as for :meth:`detect`, and ``FRS.0501`` when it shows no face.
        """
        return await self._run(lambda: self._measure(picture, wanted), picture)

    async def templates(self, picture: Picture, *, largest_only: bool) -> list[FaceTemplate]:
        """Templates of a picture's faces, largest first; empty when it shows none.

        Raises:
            ServiceError: as for :meth:`detect`.
        """
        return await self._run(lambda: self._templates(picture, largest_only=largest_only), picture)

    async def candidates(self, picture: Picture, wanted: Collection[Trait]) -> list[Candidate]:
        """All faces of a picture with their templates and the traits ``wanted``, largest first.

        Raises:
            ServiceError: as for :meth:`detect`.
        """
        return await self._run(lambda: self._candidates(picture, wanted), picture)

    async def compare(self, first: Picture, second: Picture) -> Comparison:
        """Compare the largest faces of two pictures.

        Raises:
            ServiceError: as for :meth:`detect`, and ``FRS.0501`` when either shows no face.
        """
        if len(first.data) + len(second.data) > limits.MAX_PICTURE_BYTES:
            raise ServiceError("FRS.0017", f"1 to {limits.MAX_PICTURE_BYTES} bytes for both pictures together")
        return await self._run(lambda: self._compare(first, second), first, second)

    async def run(self, work: Callable[[Pipeline], T], picture: Picture | None = None) -> T:
        """What ``work`` makes of the models, on one of the threads and within the bounds that hold for pictures.

        ``picture`` is what it works on; work without one takes as long as a large picture.

        Raises:
            ServiceError: ``FRS.0033`` when there is no room, and whatever ``work`` raises.
        """
        if picture is None:
            return await self._large.run(lambda: work(self._pipeline))
        return await self._run(lambda: work(self._pipeline), picture)

    def look(self, body_bytes: int) -> None:
        """See whether there is room for the picture that a body of this size is likely to hold.

        Most of what a refusal costs comes before a picture is seen: who asks, reading, parsing. A crowd of them would slow down
        what was taken in.

        Raises:
            ServiceError: ``FRS.0033``, there is none.
        """
        if limits.PICTURE_BODY_BYTES[0] <= body_bytes <= limits.PICTURE_BODY_BYTES[1]:
            self._small.look()

    def close(self) -> None:
        """Finish what has begun and stop the threads."""
        for lane in self.lanes:
            lane.close()

    async def _run(self, work: Callable[[], T], *pictures: Picture) -> T:
        pixels = sum(claimed_pixels(picture.data) for picture in pictures)
        return await (self._large if pixels > limits.SMALL_PICTURE_PIXELS else self._small).run(work)

    def _detect(self, picture: Picture, asked: Collection[Attribute]) -> list[DescribedFace]:
        image = decode(picture.data, picture.parameter)
        detect = self._pipeline.detect_turned if Attribute.FACE_ANGLE in asked else self._pipeline.detect
        wanted = traits_for(asked)
        return [
            DescribedFace(
                _box(face, image),
                worded(asked, self._pipeline.describe(image, face, wanted) if wanted else Traits(), face.turn),
            )
            for face in detect(image)
        ]

    def _measure(self, picture: Picture, wanted: Collection[Trait]) -> Traits:
        image = decode(picture.data, picture.parameter)
        for face in main_face(self._pipeline.detect(image), image):
            return self._pipeline.describe(image, face, wanted)
        raise ServiceError("FRS.0501")

    def _templates(self, picture: Picture, *, largest_only: bool) -> list[FaceTemplate]:
        if largest_only:
            found = find_main_face(self._pipeline, picture.data, picture.parameter)
            return [] if found is None else [self._main_template(found)]
        image = decode(picture.data, picture.parameter)
        faces = self._pipeline.detect(image)
        embeddings = self._pipeline.embed(image, faces)
        return [FaceTemplate(_box(face, image), row) for face, row in zip(faces, embeddings, strict=True)]

    def _main_template(self, found: MainFace) -> FaceTemplate:
        return FaceTemplate(found.box, self._pipeline.embed(found.image, [found.face])[0])

    def _candidates(self, picture: Picture, wanted: Collection[Trait]) -> list[Candidate]:
        image = decode(picture.data, picture.parameter)
        faces = self._pipeline.detect(image)
        main = main_face(faces, image)
        return [
            Candidate(
                FaceTemplate(_box(face, image), row),
                face.score,
                self._pipeline.describe(image, face, wanted) if wanted else Traits(),
                is_main=face in main,
            )
            for face, row in zip(faces, self._pipeline.embed(image, faces), strict=True)
        ]

    def _compare(self, *pictures: Picture) -> Comparison:
        found = [self._templates(picture, largest_only=True) for picture in pictures]
        if not all(found):
            raise ServiceError("FRS.0501")
        (first,), (second,) = found
        cosine = float(first.embedding @ second.embedding)
        return Comparison((first.box, second.box), self.calibration.similarity(cosine))


def _box(face: Detection, image: Image) -> BoundingBox:
    height, width = image.shape[:2]
    return BoundingBox.clipped(face.left, face.top, face.width, face.height, within=(width, height))
