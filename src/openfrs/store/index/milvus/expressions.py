"""Predicates as Milvus expressions, and the fields of a face as the JSON that the expressions read.

Strings are stored as digests: the filter language compares strings for equality only. So user input is never part of an
expression, and the server never holds names. Every declared field is stored, a number with a marker for whether the face
has a value, because releases of the server differ in what a comparison with a missing key means.

An expression selects every face that matches its predicate, and possibly others; callers evaluate the predicate on the results.
"""

import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from openfrs.store.faces.predicate import (
    EXTERNAL_IMAGE_ID,
    And,
    Between,
    Equal,
    FieldDefinitions,
    FieldValue,
    Not,
    Or,
    Predicate,
)
from openfrs.store.index.columns import FieldType, field_type

FIELDS: Final = "fields"
"""The name of the JSON field on the server."""

_MAX_EXACT: Final = 2**53
"""Integers from this one on may compare equal to their neighbours."""

_MARKER: Final = "?"
"""Suffix of a marker's name; field names cannot contain it."""


def stored_fields(
    definitions: FieldDefinitions, external_image_id: str, fields: Mapping[str, FieldValue]
) -> dict[str, int | float | str]:
    """Return the fields of a face as the server stores them."""
    stored: dict[str, int | float | str] = {EXTERNAL_IMAGE_ID: _digest(external_image_id)}
    for name in definitions:
        value = fields.get(name)
        match field_type(definitions, name):
            case FieldType.STRING:
                stored[name] = "" if value is None else _digest(str(value))
            case FieldType.BOOLEAN:
                stored[name] = -1 if value is None else int(value)
            case _:
                assert not isinstance(value, str)
                stored[name], stored[name + _MARKER] = value or 0, int(value is not None)
    return stored


def expression(predicate: Predicate, *, negated: bool = False) -> str | None:
    """Return the expression of a predicate or of its negation, None if no expression would exclude any face."""
    match predicate:
        case Equal(field, value):
            return _equal(field, value, negated=negated)
        case Between():
            return _outside(predicate) if negated else _inside(predicate)
        case Not(part):
            return expression(part, negated=not negated)
        case And(parts) | Or(parts):
            expressions = [expression(part, negated=negated) for part in parts]
            selective = [text for text in expressions if text is not None]
            if isinstance(predicate, Or) is negated:  # a conjunction
                return f"({' and '.join(selective)})" if selective else None
            return f"({' or '.join(selective)})" if len(selective) == len(expressions) else None


def _equal(field: str, value: FieldValue, *, negated: bool) -> str | None:
    operator = "!=" if negated else "=="
    if isinstance(value, str):
        return f'{_path(field)} {operator} "{_digest(value)}"'
    if isinstance(value, bool):
        return f"{_path(field)} {operator} {int(value)}"
    if not _is_exact(value):
        return None
    return f"({_has_value(field, not negated)} {'or' if negated else 'and'} {_path(field)} {operator} {value!r})"


def _inside(condition: Between) -> str:
    terms = [_has_value(condition.field, True)]
    if condition.low is not None and _is_exact(condition.low):
        terms.append(f"{_path(condition.field)} {'>=' if condition.includes_low else '>'} {condition.low!r}")
    if condition.high is not None and _is_exact(condition.high):
        terms.append(f"{_path(condition.field)} {'<=' if condition.includes_high else '<'} {condition.high!r}")
    return f"({' and '.join(terms)})"


def _outside(condition: Between) -> str | None:
    if not all(bound is None or _is_exact(bound) for bound in (condition.low, condition.high)):
        return None
    terms = [_has_value(condition.field, False)]
    if condition.low is not None:
        terms.append(f"{_path(condition.field)} {'<' if condition.includes_low else '<='} {condition.low!r}")
    if condition.high is not None:
        terms.append(f"{_path(condition.field)} {'>' if condition.includes_high else '>='} {condition.high!r}")
    return f"({' or '.join(terms)})"


def _is_exact(value: float) -> bool:
    return abs(value) < _MAX_EXACT if isinstance(value, int) else math.isfinite(value)


def _has_value(field: str, present: bool) -> str:
    return f"{_path(field + _MARKER)} == {int(present)}"


def _path(field: str) -> str:
    return f'{FIELDS}["{field}"]'


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
