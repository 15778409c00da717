"""Face detection, comparison and template extraction on bounded thread pools."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.attributes.types import Trait, Traits
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

from .attributes import Attribute, Attributes, describe_codes, traits_for
from .executor import BoundedExecutor
from .main_face import MainFace, find_main_face, main_face
from .similarity import Calibration

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class FaceTemplate:
    """A face with its unit embedding of shape (dimension,), detection score (0..1) and measured traits."""

    box: BoundingBox
    embedding: npt.NDArray[np.float32]
    confidence: float
    traits: Traits
    is_main: bool
    """True if this is the main face of the image."""


@dataclass(frozen=True, slots=True, eq=False)
class DescribedFace:
    """The bounding box of a face and its requested attributes."""

    box: BoundingBox
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Comparison:
    """The bounding boxes of the main faces of two images and their similarity, 0..1."""

    boxes: tuple[BoundingBox, BoundingBox]
    similarity: float


class Recognizer:
    """Runs the models on images in two bounded executors: one for small images, one for large images and videos.

    Each executor has ``threads`` threads; ``queue`` small and ``large_queue`` large images can wait, and further ones are
    rejected at once. Cancelling a call removes its image from the queue.
    """

    def __init__(
        self, pipeline: Pipeline, calibration: Calibration, *, threads: int, queue: int, large_queue: int
    ) -> None:
        self.pipeline = pipeline
        self.calibration = calibration
        self._small = BoundedExecutor("small", threads=threads, queue=queue)
        self._large = BoundedExecutor("large", threads=threads, queue=large_queue)
        self.executors = (self._small, self._large)

    async def detect(self, image: EncodedImage, attributes: Collection[Attribute] = ()) -> list[DescribedFace]:
        """Return all faces of an image with the requested attributes, largest first.

        Faces that are rotated by 90, 180 or 270 degrees are detected only if ``FACE_ANGLE`` is requested.

        Raises:
            ServiceError: ``FRS.0013/0015/0016/0017`` for the image; ``FRS.0033`` the queue is full.
        """
        return await self._run(lambda: self._detect(image, attributes), image)

    async def measure(self, image: EncodedImage, traits: Collection[Trait]) -> Traits:
        """Return traits of the main face of an image.

        Raises:
            ServiceError: as :meth:`detect`; ``FRS.0501`` the image shows no face.
        """
        return await self._run(lambda: self._measure(image, traits), image)

    async def templates(
        self, image: EncodedImage, traits: Collection[Trait] = (), *, main_only: bool
    ) -> list[FaceTemplate]:
        """Return the faces of an image with their templates and traits, largest first, or its main face only.

        With ``main_only`` a reduced version of a large image is used if it shows the face clearly.

        Raises:
            ServiceError: as :meth:`detect`.
        """
        return await self._run(lambda: self._templates(image, traits, main_only=main_only), image)

    async def compare(self, first: EncodedImage, second: EncodedImage) -> Comparison:
        """Compare the main faces of two images.

        Raises:
            ServiceError: as :meth:`detect`; ``FRS.0501`` one of the images shows no face.
        """
        if len(first.data) + len(second.data) > limits.MAX_IMAGE_BYTES:
            raise ServiceError("FRS.0017", f"1 to {limits.MAX_IMAGE_BYTES} bytes for both images together")
        return await self._run(lambda: self._compare(first, second), first, second)

    async def run(self, work: Callable[[Pipeline], T], image: EncodedImage | None = None) -> T:
        """Call ``work`` with the pipeline in the executor for ``image``, or for large images if it has none.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full; and errors of ``work``.
        """
        if image is None:
            return await self._large.run(lambda: work(self.pipeline))
        return await self._run(lambda: work(self.pipeline), image)

    def check_capacity(self, body_bytes: int) -> None:
        """Reject a request early if the size of its body suggests a small image and the queue is full.

        Authenticating, reading and parsing doomed requests would slow accepted ones.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full.
        """
        if limits.IMAGE_BODY_BYTES[0] <= body_bytes <= limits.IMAGE_BODY_BYTES[1]:
            self._small.check_capacity()

    def close(self) -> None:
        """Finish all accepted work and stop the threads."""
        for executor in self.executors:
            executor.close()

    async def _run(self, work: Callable[[], T], *images: EncodedImage) -> T:
        pixels = sum(image.claimed_pixels for image in images)
        return await (self._large if pixels > limits.SMALL_IMAGE_PIXELS else self._small).run(work)

    def _detect(self, image: EncodedImage, attributes: Collection[Attribute]) -> list[DescribedFace]:
        pixels = image.decode()
        detect = self.pipeline.detect_all_rotations if Attribute.FACE_ANGLE in attributes else self.pipeline.detect
        traits = traits_for(attributes)
        return [
            DescribedFace(
                _box(face, pixels), describe_codes(attributes, self._describe(pixels, face, traits), face.rotation)
            )
            for face in detect(pixels)
        ]

    def _measure(self, image: EncodedImage, traits: Collection[Trait]) -> Traits:
        pixels = image.decode()
        face = main_face(self.pipeline.detect(pixels), pixels)
        if face is None:
            raise ServiceError("FRS.0501")
        return self.pipeline.describe(pixels, face, traits)

    def _templates(self, image: EncodedImage, traits: Collection[Trait] = (), *, main_only: bool) -> list[FaceTemplate]:
        if main_only:
            main = find_main_face(self.pipeline, image)
            return [] if main is None else [self._main_template(main, traits)]
        pixels = image.decode()
        faces = self.pipeline.detect(pixels)
        main_detection = main_face(faces, pixels)
        return [
            FaceTemplate(
                _box(face, pixels),
                embedding,
                face.score,
                self._describe(pixels, face, traits),
                is_main=face is main_detection,
            )
            for face, embedding in zip(faces, self.pipeline.embed(pixels, faces), strict=True)
        ]

    def _main_template(self, main: MainFace, traits: Collection[Trait]) -> FaceTemplate:
        (embedding,) = self.pipeline.embed(main.pixels, [main.face])
        return FaceTemplate(
            main.box, embedding, main.face.score, self._describe(main.pixels, main.face, traits), is_main=True
        )

    def _describe(self, pixels: Image, face: Detection, traits: Collection[Trait]) -> Traits:
        return self.pipeline.describe(pixels, face, traits) if traits else Traits()

    def _compare(self, *images: EncodedImage) -> Comparison:
        templates = [self._templates(image, main_only=True) for image in images]
        if not all(templates):
            raise ServiceError("FRS.0501")
        (first,), (second,) = templates
        cosine = float(first.embedding @ second.embedding)
        return Comparison((first.box, second.box), self.calibration.similarity(cosine))


def _box(face: Detection, pixels: Image) -> BoundingBox:
    height, width = pixels.shape[:2]
    return BoundingBox.clipped(face.left, face.top, face.width, face.height, within=(width, height))
