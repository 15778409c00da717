"""Face attributes in the terms of the API: their codes and their values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, TypeVar

from openfrs.core.errors import ServiceError
from openfrs.vision.attributes.contours import Contours
from openfrs.vision.attributes.types import HeadPose, Quality

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


def require_trait(trait: T | None) -> T:
    """Return a measured trait of face quality.

    Raises:
        ServiceError: ``FRS.0020`` the trait was not measured because its model is not installed.
    """
    if trait is None:
        raise ServiceError("FRS.0020", "face quality")
    return trait
