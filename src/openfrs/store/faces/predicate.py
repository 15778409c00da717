"""Predicates on the fields of a face, as a tree that is independent of the filter language and of the index.

A comparison does not match a face without a value of the field, so its negation does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FieldValue = str | int | float | bool

FieldDefinitions = Mapping[str, Mapping[str, str]]
"""Definitions of custom fields: name to ``{"type": …}``; the inner mapping may be empty."""

EXTERNAL_IMAGE_ID = "external_image_id"
"""The string field that every face has in addition to custom fields."""


@dataclass(frozen=True, slots=True)
class Equal:
    """Matches faces whose field has this value."""

    field: str
    value: FieldValue


@dataclass(frozen=True, slots=True)
class Between:
    """Matches faces whose numeric field lies between two bounds; None means unbounded."""

    field: str
    low: int | float | None
    high: int | float | None
    includes_low: bool = True
    includes_high: bool = True


@dataclass(frozen=True, slots=True)
class Not:
    """Matches faces that the part does not match."""

    part: "Predicate"


@dataclass(frozen=True, slots=True)
class And:
    """Matches faces that all parts match."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Matches faces that at least one part matches."""

    parts: "tuple[Predicate, ...]"


Predicate = Equal | Between | Not | And | Or
