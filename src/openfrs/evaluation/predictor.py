"""Predictors of face attributes, and that of the service."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from openfrs.core import limits
from openfrs.evaluation.datasets.folders import ADULT
from openfrs.recognition.attributes import Attribute, Attributes
from openfrs.recognition.description import describe_codes, traits_for
from openfrs.vision.attributes.types import HeadPose, Quality, Trait
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

TURNED_DEGREES: Final = 15.0
"""Yaw or pitch in degrees from which a head counts as turned; FRS advises a pitch below it."""

LIVE: Final = "live"
"""Name of the liveness score among the attributes."""

Prediction = str | float | None


class Predictor(Protocol):
    """Predicts attributes of a face. Thread-safe."""

    @property
    def name(self) -> str:
        """Description of the predictor. Predictions are cached by it, so other weights need a different name."""

    @property
    def attributes(self) -> Sequence[str]:
        """The supported attributes, as :mod:`openfrs.evaluation.datasets` names them, and ``live``."""

    def predict(self, image: Image, face: Detection, attribute: str) -> Prediction:
        """Return a class or a number, or None if unknown."""


class ServicePredictor:
    """Predicts the attributes and the quality that the API returns. Thread-safe."""

    name = "the service"

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes of :mod:`openfrs.evaluation.datasets`."""
        return (*_PREDICTIONS, LIVE)

    def predict(self, image: Image, face: Detection, attribute: str) -> Prediction:
        """Return the prediction, or None if it is unknown."""
        if attribute == LIVE:
            return self._pipeline.describe(image, face, {Trait.LIVENESS}).live
        requested, value_of = _PREDICTIONS[attribute]
        traits = self._pipeline.describe(image, face, traits_for({requested}))
        value = value_of(describe_codes({requested}, traits, face.rotation))
        return None if value == "unknown" else value


def _direction(pose: HeadPose | None) -> Prediction:
    if pose is None:
        return None
    if max(abs(pose.yaw), abs(pose.pitch)) < TURNED_DEGREES:
        return "frontal"
    if abs(pose.yaw) >= abs(pose.pitch):
        return "left" if pose.yaw > 0 else "right"
    return "down" if pose.pitch > 0 else "up"


def _exceeds(flaw: Callable[[Quality], float]) -> Callable[[Attributes], Prediction]:
    def value(attributes: Attributes) -> Prediction:
        if attributes.quality is None:
            return None
        return "yes" if flaw(attributes.quality) >= limits.RECOMMENDED_FLAW else "none"

    return value


_PREDICTIONS: Final[dict[str, tuple[Attribute, Callable[[Attributes], Prediction]]]] = {
    "age": (Attribute.AGE, lambda face: face.age),
    "adult": (Attribute.AGE, lambda face: None if face.age is None else "adult" if face.age >= ADULT else "minor"),
    "gender": (Attribute.GENDER, lambda face: face.gender),
    "expression": (Attribute.EXPRESSION, lambda face: face.expression.type if face.expression else None),
    "glasses": (Attribute.DRESS, lambda face: face.dress.glass if face.dress else None),
    "hat": (Attribute.DRESS, lambda face: face.dress.hat if face.dress else None),
    "hair": (Attribute.HAIR, lambda face: face.hair),
    "beard": (Attribute.BEARD, lambda face: face.beard),
    "mask": (Attribute.MASK, lambda face: face.mask),
    "pose": (Attribute.HEADPOSE, lambda face: _direction(face.headpose)),
    "yaw": (Attribute.HEADPOSE, lambda face: face.headpose.yaw if face.headpose else None),
    "quality-pose": (Attribute.QUALITY, _exceeds(lambda quality: quality.pose)),
    "quality-occlusion": (Attribute.QUALITY, _exceeds(lambda quality: quality.occlusion)),
}
