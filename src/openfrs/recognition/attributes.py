"""Attributes of a face in the API's terms: which codes ask for which, what each needs measured, and how it is worded."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, TypeVar

from openfrs.core.errors import ServiceError
from openfrs.vision.attributes import classifiers
from openfrs.vision.attributes.contours import Contours, contours
from openfrs.vision.attributes.types import HeadPose, Quality, Trait, Traits

T = TypeVar("T")


class Attribute(Enum):
    """What a client can ask for."""

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

_NEEDS: Final[Mapping[Attribute, frozenset[Trait]]] = {
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
"""What has to be measured for an attribute; the others need nothing, or cannot be told."""

LEAST_BALANCED_ACCURACY: Final = 0.9
"""A head that did worse on pictures it was not trained on is not asked: the answer is ``unknown``."""

CERTAIN: Final = 0.35
"""An expression less probable than this is ``unknown``."""

SMILES: Final = 0.5
"""Probability of a happy expression from which a face smiles."""

Answer = Literal["yes", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Dress:
    """What is worn on the face and on the head."""

    glass: Literal["yes", "dark", "none", "unknown"]
    hat: Answer


@dataclass(frozen=True, slots=True)
class Expression:
    """The most probable expression, in FRS's words, and its probability."""

    type: str
    probability: float


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of one face; None for what was not asked, and for what cannot be told without a word for that."""

    headpose: HeadPose | None = None
    gender: Literal["male", "female"] | None = None
    age: int | None = None
    dress: Dress | None = None
    smile: Answer | None = None
    mask: Answer | None = None
    hair: Literal["long", "short", "unknown"] | None = None
    beard: Answer | None = None
    quality: Quality | None = None
    expression: Expression | None = None
    face_angle: int | None = None
    landmark: Contours | None = None


def parse_attributes(codes: str | None, known: Mapping[str, Attribute]) -> frozenset[Attribute]:
    """The attributes that a client's comma-separated codes ask for; codes that are not known are ignored."""
    return frozenset(known[code] for text in (codes or "").split(",") if (code := text.strip()) in known)


def traits_for(attributes: Collection[Attribute]) -> frozenset[Trait]:
    """What has to be measured. A trait whose head is not good enough is not."""
    wanted = frozenset[Trait]().union(*(_NEEDS.get(attribute, frozenset()) for attribute in attributes))
    return wanted - {trait for trait, head in _HEADS.items() if not _is_trusted(head)}


def require_trait(trait: T | None) -> T:
    """Return a measured trait of face quality.

    Raises:
        ServiceError: ``FRS.0020`` the trait was not measured because its model is not installed.
    """
    if trait is None:
        raise ServiceError("FRS.0020", "face quality")
    return trait


def describe_codes(attributes: Collection[Attribute], traits: Traits, turn: int) -> Attributes:
    """What was measured, in FRS's words. ``turn`` is the face's clockwise turn in degrees."""
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
        face_angle=turn if Attribute.FACE_ANGLE in attributes else None,
        landmark=None if traits.landmarks is None else contours(traits.landmarks),
    )


_HEADS: Final[Mapping[Trait, str]] = {
    Trait.MASK: "mask",
    Trait.GLASSES: "glasses",
    Trait.HAT: "hat",
    Trait.BEARD: "beard",
    Trait.HAIR: "hair",
}


def _is_trusted(head: str) -> bool:
    return float(classifiers.metrics(head)["balanced_accuracy"]) >= LEAST_BALANCED_ACCURACY


def _smile(traits: Traits) -> Answer:
    if traits.expression is None:
        return "unknown"
    return "yes" if traits.expression["happy"] >= SMILES else "none"


def _yes_or_none(probability: float | None) -> Answer:
    if probability is None:
        return "unknown"
    return "yes" if probability >= 0.5 else "none"


def _glasses(traits: Traits) -> Literal["yes", "dark", "none", "unknown"]:
    if traits.glasses is None:
        return "unknown"
    words: dict[str, Literal["yes", "dark", "none"]] = {"yes": "yes", "dark": "dark", "none": "none"}
    return words[max(traits.glasses, key=traits.glasses.__getitem__)]


def _hair(traits: Traits) -> Literal["long", "short", "unknown"]:
    if traits.long_hair is None:
        return "unknown"
    return "long" if traits.long_hair >= 0.5 else "short"


def _expression(traits: Traits) -> Expression | None:
    if traits.expression is None:
        return None
    name, probability = max(traits.expression.items(), key=lambda pair: pair[1])
    return Expression(name if probability >= CERTAIN else "unknown", probability)
