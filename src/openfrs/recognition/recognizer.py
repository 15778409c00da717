"""Face detection, comparison and template extraction: images become tasks of an executor."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from openfrs.core import limits
from openfrs.core.connection import while_connected
from openfrs.core.errors import ServiceError
from openfrs.core.settings import Settings
from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.attributes.types import Trait, Traits
from openfrs.vision.identity import ModelIdentity

from . import jobs
from .attributes import Attribute
from .executor import Executor, Lane, Task
from .scale import Scale
from .types import Comparison, DescribedFace, FaceTemplate, UnconfirmedFace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """Limits of the work for one request: seconds for images and for a video, and the number of faces with attributes."""

    image_seconds: float = 60.0
    video_seconds: float = 180.0
    described_faces: int = 100

    @classmethod
    def from_settings(cls, settings: Settings) -> "WorkLimits":
        """Return the limits of the settings."""
        return cls(settings.image_seconds, settings.video_seconds, settings.described_faces)


class Recognizer:
    """Runs the models on images and videos.

    Small and large images wait in separate queues, and images beyond them are rejected at once. Cancelling a call removes its
    image from the queue or stops the work; so does a client that disconnects.
    """

    def __init__(self, executor: Executor, scale: Scale, work_limits: WorkLimits | None = None) -> None:
        self.executor = executor
        self.scale = scale
        self._limits = work_limits or WorkLimits()

    @property
    def models(self) -> ModelIdentity:
        """The models in use."""
        return self.executor.models

    async def detect(self, image: EncodedImage, attributes: Collection[Attribute] = ()) -> list[DescribedFace]:
        """Return all faces of an image, largest first, with the requested attributes of as many as the limits allow.

        Faces that are rotated by 90, 180 or 270 degrees are detected only if ``FACE_ANGLE`` is requested.

        Raises:
            ServiceError: ``FRS.0013/0015/0016/0017`` for the image; ``FRS.0033`` the queue is full; ``FRS.0018/503`` the work
                exceeded a limit or its process ended.
            ClientGoneError: the client has disconnected.
        """
        return await self.run_on_images(jobs.detect, (image,), frozenset(attributes), self._limits.described_faces)

    async def measure(self, image: EncodedImage, traits: Collection[Trait]) -> Traits:
        """Return traits of the main face of an image.

        Raises:
            ServiceError: as :meth:`detect`; ``FRS.0501`` the image shows no face.
        """
        return await self.run_on_images(jobs.measure, (image,), frozenset(traits))

    async def templates(
        self,
        image: EncodedImage,
        traits: Collection[Trait] = (),
        *,
        main_only: bool,
        compared: Collection[Trait] = (),
        with_crops: bool = False,
    ) -> list[FaceTemplate]:
        """Return the faces of an image with their templates and traits, largest first, or its main face only.

        With ``main_only`` a reduced version of a large image is used if it shows the face clearly. Otherwise, the traits of
        ``compared`` are measured too if there are several faces. ``with_crops`` adds a crop of each face.

        Raises:
            ServiceError: as :meth:`detect`.
        """
        if main_only:
            return await self.run_on_images(jobs.main_template, (image,), frozenset(traits), with_crops)
        sets = frozenset(traits), frozenset(compared)
        return await self.run_on_images(jobs.all_templates, (image,), *sets, with_crops)

    async def find_unconfirmed(self, image: EncodedImage) -> list[UnconfirmedFace]:
        """Return the detected faces of an image that no orientation confirms, largest first.

        Raises:
            ServiceError: as :meth:`detect`.
        """
        return await self.run_on_images(jobs.find_unconfirmed, (image,))

    async def compare(self, first: EncodedImage, second: EncodedImage) -> Comparison:
        """Compare the main faces of two images.

        Raises:
            ServiceError: as :meth:`detect`; ``FRS.0501`` one of the images shows no face.
        """
        if len(first.data) + len(second.data) > limits.MAX_IMAGE_BYTES:
            raise ServiceError("FRS.0017", f"1 to {limits.MAX_IMAGE_BYTES} bytes for both images together")
        compared = await self.run_on_images(jobs.compare, (first, second))
        return Comparison(compared.boxes, self.scale.compare(*compared.embeddings))

    async def run_on_images(self, job: Callable[..., T], images: tuple[EncodedImage, ...], *arguments: Any) -> T:
        """Run a job, whose first arguments are the images, in the lane for their pixels.

        Raises:
            ServiceError: as :meth:`Executor.run`.
            ClientGoneError: the client has disconnected.
        """
        pixels = sum(image.claimed_pixels for image in images)
        lane = Lane.LARGE if pixels > limits.SMALL_IMAGE_PIXELS else Lane.SMALL
        task = Task(job, (*images, *arguments), lane, self._limits.image_seconds)
        return await while_connected(self.executor.run(task))

    async def run_on_video(self, job: Callable[..., T], video: bytes, *arguments: Any) -> T:
        """Run a job, whose first argument is the video.

        Raises:
            ServiceError: as :meth:`Executor.run`.
            ClientGoneError: the client has disconnected.
        """
        task = Task(job, (video, *arguments), Lane.LARGE, self._limits.video_seconds)
        return await while_connected(self.executor.run(task))

    def check_capacity(self, body_bytes: int) -> None:
        """Reject a request early if the size of its body suggests a small image and the queue is full.

        Authenticating, reading and parsing doomed requests would slow accepted ones.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full.
        """
        if limits.IMAGE_BODY_BYTES[0] <= body_bytes <= limits.IMAGE_BODY_BYTES[1]:
            self.executor.check_capacity(Lane.SMALL)

    def close(self) -> None:
        """Finish all accepted work and stop the executor."""
        self.executor.close()
