"""Filters as an index server takes them: the fields of a face as JSON, and conditions on them as Milvus's expressions.

Strings are kept as digests: the filter language compares them for equality alone, so nothing that somebody wrote is ever part of
an expression, and the server never holds a name. Every declared field is there, numbers with a mark of whether the face has one,
for what a comparison with a missing key means has changed among the server's releases.

An expression lets through every face that its condition holds for, and maybe others: what it lets through is held against the
condition itself.
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
"""The server's name of the JSON."""

_EXACT: Final = 2**53
"""From it on whole numbers may be compared as if they were their neighbours."""

_MARK: Final = "?"
"""Ends the name of the mark; no field's name has it."""


def stored_fields(
    definitions: FieldDefinitions, external_image_id: str, fields: Mapping[str, FieldValue]
) -> dict[str, int | float | str]:
    """What the server keeps of a face's fields."""
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
                stored[name], stored[name + _MARK] = value or 0, int(value is not None)
    return stored


def expression(predicate: Predicate, *, negated: bool = False) -> str | None:
    """An expression for a condition, or for its opposite; None if it cannot leave any face out."""
    match predicate:
        case Equal(field, value):
            return _equal(field, value, negated=negated)
        case Between():
            return _outside(predicate) if negated else _inside(predicate)
        case Not(part):
            return expression(part, negated=not negated)
        case And(parts) | Or(parts):
            told = [expression(part, negated=negated) for part in parts]
            known = [each for each in told if each is not None]
            if isinstance(predicate, Or) is negated:  # all of them have to hold
                return f"({' and '.join(known)})" if known else None
            return f"({' or '.join(known)})" if len(known) == len(told) else None


def _equal(field: str, value: FieldValue, *, negated: bool) -> str | None:
    unequal = "!=" if negated else "=="
    if isinstance(value, str):
        return f'{_path(field)} {unequal} "{_digest(value)}"'
    if isinstance(value, bool):
        return f"{_path(field)} {unequal} {int(value)}"
    if not _is_exact(value):
        return None
    return f"({_has(field, not negated)} {'or' if negated else 'and'} {_path(field)} {unequal} {value!r})"


def _inside(condition: Between) -> str:
    told = [_has(condition.field, True)]
    if condition.low is not None and _is_exact(condition.low):
        told.append(f"{_path(condition.field)} {'>=' if condition.includes_low else '>'} {condition.low!r}")
    if condition.high is not None and _is_exact(condition.high):
        told.append(f"{_path(condition.field)} {'<=' if condition.includes_high else '<'} {condition.high!r}")
    return f"({' and '.join(told)})"


def _outside(condition: Between) -> str | None:
    if not all(bound is None or _is_exact(bound) for bound in (condition.low, condition.high)):
        return None
    told = [_has(condition.field, False)]
    if condition.low is not None:
        told.append(f"{_path(condition.field)} {'<' if condition.includes_low else '<='} {condition.low!r}")
    if condition.high is not None:
        told.append(f"{_path(condition.field)} {'>' if condition.includes_high else '>='} {condition.high!r}")
    return f"({' or '.join(told)})"


def _is_exact(value: float) -> bool:
    return abs(value) < _EXACT if isinstance(value, int) else math.isfinite(value)


def _has(field: str, there: bool) -> str:
    return f"{_path(field + _MARK)} == {int(there)}"


def _path(field: str) -> str:
    return f'{FIELDS}["{field}"]'


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
