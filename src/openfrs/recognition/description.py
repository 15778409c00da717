"""Description of faces: the traits that attributes need, and the values of attributes from measured traits."""

from collections.abc import Collection, Mapping
from typing import Final

from openfrs.vision.attributes import classifiers
from openfrs.vision.attributes.contours import contours
from openfrs.vision.attributes.describer import CLASSIFIERS
from openfrs.vision.attributes.types import Trait, Traits

from .attributes import Attribute, Attributes, Dress, Expression, Glasses, HairLength, Presence

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

MIN_EXPRESSION_PROBABILITY: Final = 0.4
"""Probability below which an expression is ``unknown``."""

SMILE_PROBABILITY: Final = 0.5
"""Minimum probability of a happy expression at which a face counts as smiling."""


def traits_for(attributes: Collection[Attribute]) -> frozenset[Trait]:
    """Return the traits to measure for ``attributes``, without those of inaccurate classifiers."""
    traits = frozenset[Trait]().union(*(_REQUIRED_TRAITS.get(attribute, frozenset()) for attribute in attributes))
    return traits - {trait for trait, classifier in CLASSIFIERS.items() if not _is_accurate(classifier.name)}


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
