"""Conditions on the fields of a face, as a tree: what a filter means, whatever wrote it and whatever evaluates it.

A comparison never holds for a face that has no value of the field; its negation therefore does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FieldValue = str | int | float | bool

FieldDefinitions = Mapping[str, Mapping[str, str]]
"""Custom fields as they were defined: name to ``{"type": …}``, the inner mapping possibly empty."""

EXTERNAL_IMAGE_ID = "external_image_id"
"""The field that every face has besides the custom ones; a string."""


@dataclass(frozen=True, slots=True)
class Equal:
    """The field has this value."""

    field: str
    value: FieldValue


@dataclass(frozen=True, slots=True)
class Between:
    """The field, a number, lies between two bounds; None is no bound."""

    field: str
    low: int | float | None
    high: int | float | None
    includes_low: bool = True
    includes_high: bool = True


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Predicate"


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Some part holds."""

    parts: "tuple[Predicate, ...]"


Predicate = Equal | Between | Not | And | Or
