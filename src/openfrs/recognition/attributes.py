"""Face attributes in the terms of the API: their codes, the traits they need, and their values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, TypeVar

from openfrs.core.errors import ServiceError
from openfrs.vision.attributes import classifiers
from openfrs.vision.attributes.contours import Contours, contours
from openfrs.vision.attributes.describer import CLASSIFIERS
from openfrs.vision.attributes.types import HeadPose, Quality, Trait, Traits

T = TypeVar("T")


class Attribute(Enum):
    """Attributes that a client can request."""

    HEADPOSE = auto()
    GENDER = auto()
    AGE = auto()
    LANDMARK = auto()
    DRESS = auto()
    SMILE = auto()
    MASK = auto()
    HAIR = auto()
    BEARD = auto()
    PHOTOTYPE = auto()
    QUALITY = auto()
    EXPRESSION = auto()
    FACE_ANGLE = auto()


V1_CODES: Final[Mapping[str, Attribute]] = {
    "0": Attribute.HEADPOSE,
    "1": Attribute.GENDER,
    "2": Attribute.AGE,
    "3": Attribute.LANDMARK,
    "4": Attribute.DRESS,
    "5": Attribute.SMILE,
}
V2_CODES: Final[Mapping[str, Attribute]] = {
    "1": Attribute.GENDER,
    "2": Attribute.AGE,
    "4": Attribute.DRESS,
    "6": Attribute.MASK,
    "7": Attribute.HAIR,
    "8": Attribute.BEARD,
    "11": Attribute.PHOTOTYPE,
    "12": Attribute.QUALITY,
    "13": Attribute.EXPRESSION,
    "21": Attribute.FACE_ANGLE,
}

_REQUIRED_TRAITS: Final[Mapping[Attribute, frozenset[Trait]]] = {
    Attribute.HEADPOSE: frozenset({Trait.POSE}),
    Attribute.GENDER: frozenset({Trait.GENDER}),
    Attribute.AGE: frozenset({Trait.AGE}),
    Attribute.LANDMARK: frozenset({Trait.LANDMARKS}),
    Attribute.DRESS: frozenset({Trait.GLASSES, Trait.HAT}),
    Attribute.SMILE: frozenset({Trait.EXPRESSION}),
    Attribute.MASK: frozenset({Trait.MASK}),
    Attribute.HAIR: frozenset({Trait.HAIR}),
    Attribute.BEARD: frozenset({Trait.BEARD}),
    Attribute.QUALITY: frozenset({Trait.QUALITY}),
    Attribute.EXPRESSION: frozenset({Trait.EXPRESSION}),
}
"""The traits to measure for an attribute. The other attributes need none, or cannot be measured."""

MIN_BALANCED_ACCURACY: Final = 0.9
"""A classifier with a lower accuracy on held-out images is not used: the attribute is ``unknown``."""

MIN_EXPRESSION_PROBABILITY: Final = 0.35
"""Probability below which an expression is ``unknown``."""

SMILE_PROBABILITY: Final = 0.5
"""Minimum probability of a happy expression at which a face counts as smiling."""

Presence = Literal["yes", "none", "unknown"]
Glasses = Literal["yes", "dark", "none", "unknown"]
HairLength = Literal["long", "short", "unknown"]


@dataclass(frozen=True, slots=True)
class Dress:
    """Glasses and headwear."""

    glass: Glasses
    hat: Presence


@dataclass(frozen=True, slots=True)
class Expression:
    """The most probable expression, as FRS names it, and its probability, 0..1."""

    type: str
    probability: float


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of one face; None if not requested, or if unknown and FRS has no value for unknown."""

    headpose: HeadPose | None = None
    gender: Literal["male", "female"] | None = None
    age: int | None = None
    dress: Dress | None = None
    smile: Presence | None = None
    mask: Presence | None = None
    hair: HairLength | None = None
    beard: Presence | None = None
    quality: Quality | None = None
    expression: Expression | None = None
    face_angle: int | None = None
    landmark: Contours | None = None


def parse_attributes(codes: str | None, known: Mapping[str, Attribute]) -> frozenset[Attribute]:
    """Parse the comma-separated attribute codes of a request; unknown codes are ignored."""
    return frozenset(known[code] for text in (codes or "").split(",") if (code := text.strip()) in known)


def traits_for(attributes: Collection[Attribute]) -> frozenset[Trait]:
    """Return the traits to measure for ``attributes``, without those of inaccurate classifiers."""
    traits = frozenset[Trait]().union(*(_REQUIRED_TRAITS.get(attribute, frozenset()) for attribute in attributes))
    return traits - {trait for trait, classifier in CLASSIFIERS.items() if not _is_accurate(classifier.name)}


def require_trait(trait: T | None) -> T:
    """Return a measured trait of face quality.

    Raises:
        ServiceError: ``FRS.0020`` the trait was not measured because its model is not installed.
    """
    if trait is None:
        raise ServiceError("FRS.0020", "face quality")
    return trait


def describe_codes(attributes: Collection[Attribute], traits: Traits, rotation: int) -> Attributes:
    """Return the values of ``attributes`` as FRS names them. ``rotation`` is the clockwise rotation of the face in degrees."""
    return Attributes(
        headpose=traits.pose if Attribute.HEADPOSE in attributes else None,
        gender=None if traits.male is None else "male" if traits.male >= 0.5 else "female",
        age=None if traits.age is None else round(traits.age),
        dress=Dress(_glasses(traits), _yes_or_none(traits.hat)) if Attribute.DRESS in attributes else None,
        smile=_smile(traits) if Attribute.SMILE in attributes else None,
        mask=_yes_or_none(traits.mask) if Attribute.MASK in attributes else None,
        hair=_hair(traits) if Attribute.HAIR in attributes else None,
        beard=_yes_or_none(traits.beard) if Attribute.BEARD in attributes else None,
        quality=traits.quality,
        expression=_expression(traits) if Attribute.EXPRESSION in attributes else None,
        face_angle=rotation if Attribute.FACE_ANGLE in attributes else None,
        landmark=None if traits.landmarks is None else contours(traits.landmarks),
    )


def _is_accurate(name: str) -> bool:
    """Return whether a classifier reaches :data:`MIN_BALANCED_ACCURACY` on held-out images."""
    return float(classifiers.metrics(name)["balanced_accuracy"]) >= MIN_BALANCED_ACCURACY


def _smile(traits: Traits) -> Presence:
    if traits.expression is None:
        return "unknown"
    return "yes" if traits.expression["happy"] >= SMILE_PROBABILITY else "none"


def _yes_or_none(probability: float | None) -> Presence:
    if probability is None:
        return "unknown"
    return "yes" if probability >= 0.5 else "none"


def _glasses(traits: Traits) -> Glasses:
    if traits.glasses is None:
        return "unknown"
    values: dict[str, Glasses] = {"yes": "yes", "dark": "dark", "none": "none"}
    return values[max(traits.glasses, key=traits.glasses.__getitem__)]


def _hair(traits: Traits) -> HairLength:
    if traits.long_hair is None:
        return "unknown"
    return "long" if traits.long_hair >= 0.5 else "short"


def _expression(traits: Traits) -> Expression | None:
    if traits.expression is None:
        return None
    name, probability = max(traits.expression.items(), key=lambda item: item[1])
    return Expression(name if probability >= MIN_EXPRESSION_PROBABILITY else "unknown", probability)
