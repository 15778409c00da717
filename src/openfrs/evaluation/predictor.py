"""What the service itself says of a face, in the words of the labelled sets."""

from collections.abc import Callable
from typing import Final

from openfrs.core import limits
from openfrs.recognition.attributes import Attribute, Attributes, describe_codes, traits_for
from openfrs.vision.attributes.types import HeadPose, Quality, Trait
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

TURNED_FROM: Final = 15.0
"""Degrees of yaw or pitch from which a head counts as turned; FRS advises to stay below it up and down."""

LIVE: Final = "live"
"""The name under which the score of liveness is asked for."""

Answer = str | float | None


class ServicePredictor:
    """The attributes and the quality that the API answers. Safe to call from several threads."""

    name = "the service's own answers"

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @property
    def attributes(self) -> tuple[str, ...]:
        """Everything that :mod:`openfrs.evaluation.datasets` may ask for."""
        return (*_ANSWERS, LIVE)

    def predict(self, image: Image, face: Detection, attribute: str) -> Answer:
        """The answer; None where it is unknown."""
        if attribute == LIVE:
            return self._pipeline.describe(image, face, {Trait.LIVENESS}).live
        asked, word = _ANSWERS[attribute]
        traits = self._pipeline.describe(image, face, traits_for({asked}))
        answer = word(describe_codes({asked}, traits, face.rotation))
        return None if answer == "unknown" else answer


def _direction(pose: HeadPose | None) -> Answer:
    if pose is None:
        return None
    if max(abs(pose.yaw), abs(pose.pitch)) < TURNED_FROM:
        return "frontal"
    if abs(pose.yaw) >= abs(pose.pitch):
        return "left" if pose.yaw > 0 else "right"
    return "down" if pose.pitch > 0 else "up"


def _flawed(flaw: Callable[[Quality], float]) -> Callable[[Attributes], Answer]:
    def word(told: Attributes) -> Answer:
        if told.quality is None:
            return None
        return "yes" if flaw(told.quality) >= limits.RECOMMENDED_FLAW else "none"

    return word


_ANSWERS: Final[dict[str, tuple[Attribute, Callable[[Attributes], Answer]]]] = {
    "age": (Attribute.AGE, lambda told: told.age),
    "gender": (Attribute.GENDER, lambda told: told.gender),
    "expression": (Attribute.EXPRESSION, lambda told: told.expression.type if told.expression else None),
    "glasses": (Attribute.DRESS, lambda told: told.dress.glass if told.dress else None),
    "hat": (Attribute.DRESS, lambda told: told.dress.hat if told.dress else None),
    "hair": (Attribute.HAIR, lambda told: told.hair),
    "beard": (Attribute.BEARD, lambda told: told.beard),
    "mask": (Attribute.MASK, lambda told: told.mask),
    "pose": (Attribute.HEADPOSE, lambda told: _direction(told.headpose)),
    "yaw": (Attribute.HEADPOSE, lambda told: told.headpose.yaw if told.headpose else None),
    "quality-pose": (Attribute.QUALITY, _flawed(lambda quality: quality.pose)),
    "quality-occlusion": (Attribute.QUALITY, _flawed(lambda quality: quality.occlusion)),
}
