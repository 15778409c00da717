"""Liveness checks on the recognizer."""

from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition import jobs
from openfrs.recognition.recognizer import Recognizer

from .types import ActionDecision, ActionRequest, SeveralLooks, SilentDecision


class SilentLiveness:
    """Silent liveness on the recognizer's executor."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    async def check(self, image: EncodedImage) -> SilentDecision:
        """Return the decision on the main face of an image.

        Raises:
            ServiceError: as :meth:`Recognizer.detect`; ``FRS.0707`` the image shows no face; ``FRS.0020`` the weights are not
                installed.
        """
        return await self._recognizer.run_on_images(jobs.silent_liveness, (image,))

    async def check_several(self, images: tuple[EncodedImage, ...]) -> SeveralLooks:
        """Return the decision on the main faces of images of one person.

        Raises:
            ServiceError: as :meth:`check`.
        """
        return await self._recognizer.run_on_images(jobs.several_looks, images)


class ActionLiveness:
    """Action liveness on the recognizer's executor."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    async def check(self, video: bytes, request: ActionRequest) -> ActionDecision:
        """Return the decision on a video.

        Raises:
            ServiceError: ``FRS.0701`` or ``FRS.0706`` for the video; ``FRS.0020`` the weights are not installed; ``FRS.0033`` the
                queue is full; ``FRS.0018/503`` the work exceeded a limit or its process ended.
        """
        return await self._recognizer.run_on_video(jobs.action_liveness, video, request)
