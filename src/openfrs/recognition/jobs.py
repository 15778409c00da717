"""The jobs of the recognizer, by name: functions of a pipeline and arguments that can be sent to another process.

Each imports its implementation when it runs, because the process that queues a job loads no models.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.attributes.types import Trait, Traits

from .attributes import Attribute
from .liveness.types import ActionDecision, ActionRequest, SeveralLooks, SilentDecision
from .types import ComparedFaces, DescribedFace, FaceTemplate, UnconfirmedFace

if TYPE_CHECKING:
    from openfrs.vision.pipeline import Pipeline


def detect(
    pipeline: "Pipeline", image: EncodedImage, attributes: Collection[Attribute], max_described: int
) -> list[DescribedFace]:
    """Call :func:`openfrs.recognition.analysis.detect`."""
    from . import analysis

    return analysis.detect(pipeline, image, attributes, max_described)


def measure(pipeline: "Pipeline", image: EncodedImage, traits: Collection[Trait]) -> Traits:
    """Call :func:`openfrs.recognition.analysis.measure`."""
    from . import analysis

    return analysis.measure(pipeline, image, traits)


def main_template(
    pipeline: "Pipeline", image: EncodedImage, traits: Collection[Trait], with_crops: bool
) -> list[FaceTemplate]:
    """Call :func:`openfrs.recognition.analysis.templates` for the main face."""
    from . import analysis

    return analysis.templates(pipeline, image, traits, main_only=True, with_crops=with_crops)


def all_templates(
    pipeline: "Pipeline", image: EncodedImage, traits: Collection[Trait], compared: Collection[Trait], with_crops: bool
) -> list[FaceTemplate]:
    """Call :func:`openfrs.recognition.analysis.templates` for all faces."""
    from . import analysis

    return analysis.templates(pipeline, image, traits, main_only=False, compared=compared, with_crops=with_crops)


def find_unconfirmed(pipeline: "Pipeline", image: EncodedImage) -> list[UnconfirmedFace]:
    """Call :func:`openfrs.recognition.analysis.find_unconfirmed`."""
    from . import analysis

    return analysis.find_unconfirmed(pipeline, image)


def compare(pipeline: "Pipeline", first: EncodedImage, second: EncodedImage) -> ComparedFaces:
    """Call :func:`openfrs.recognition.analysis.compare`."""
    from . import analysis

    return analysis.compare(pipeline, first, second)


def silent_liveness(pipeline: "Pipeline", image: EncodedImage) -> SilentDecision:
    """Decide on the main face of an image."""
    from .liveness import silent

    pixels = image.decode()
    return silent.decide(pipeline, pixels, pipeline.detect(pixels))


def several_looks(pipeline: "Pipeline", *images: EncodedImage) -> SeveralLooks:
    """Decide on the main faces of several images."""
    from .liveness import several

    return several.decide(pipeline, images)


def action_liveness(pipeline: "Pipeline", video: bytes, request: ActionRequest) -> ActionDecision:
    """Decide on a video."""
    from .liveness import action

    return action.decide(action.observe(pipeline, video, eyes=request.needs_eyes), request)
