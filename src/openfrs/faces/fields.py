"""Custom fields of face sets: their declarations, their values, and generated ids."""

import math
import re
import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.core.text import is_plain
from openfrs.store.faces.models import IdTakenError
from openfrs.store.faces.predicate import FieldDefinitions, FieldValue
from openfrs.store.index.columns import FieldType, field_type

T = TypeVar("T")

ALPHABET: Final = string.ascii_letters + string.digits

_ATTEMPTS: Final = 5

FIELD_NAME_FORMAT: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{limits.MAX_CUSTOM_FIELD_NAME_LENGTH}}}")
EXTERNAL_IMAGE_ID_FORMAT: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{limits.MAX_EXTERNAL_IMAGE_ID_LENGTH}}}")


def _is_string(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= limits.MAX_CUSTOM_FIELD_STRING_LENGTH and is_plain(value)


def _is_integer(value: Any, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _is_number(value: Any) -> bool:
    return (isinstance(value, float) and math.isfinite(value)) or _is_integer(value, 64)


_VALIDATORS: Final[Mapping[FieldType, Callable[[Any], bool]]] = {
    FieldType.STRING: _is_string,
    FieldType.INTEGER: lambda value: _is_integer(value, 32),
    FieldType.LONG: lambda value: _is_integer(value, 64),
    FieldType.FLOAT: _is_number,
    FieldType.DOUBLE: _is_number,
    FieldType.BOOLEAN: lambda value: isinstance(value, bool),
}


def displayed_name(name: str) -> str:
    """Return a field name for an error message; ``given`` if it is not a valid name."""
    return name if FIELD_NAME_FORMAT.fullmatch(name) else "given"


def check_definitions(definitions: Mapping[str, Any]) -> FieldDefinitions:
    """Validate the custom fields of a new face set.

    Raises:
        ServiceError: ``FRS.0012`` a name or type is invalid, or there are too many fields.
    """
    if len(definitions) > limits.MAX_CUSTOM_FIELDS:
        raise wrong_format("external_fields", f"at most {limits.MAX_CUSTOM_FIELDS} custom fields are allowed")
    checked: dict[str, Mapping[str, str]] = {}
    for name, definition in definitions.items():
        if not FIELD_NAME_FORMAT.fullmatch(name):
            raise wrong_format(
                "external_fields",
                f"a field name is 1 to {limits.MAX_CUSTOM_FIELD_NAME_LENGTH} letters, digits, '_' and '-'",
            )
        if name in limits.RESERVED_FIELD_NAMES:
            raise wrong_format("external_fields", f"the field name {name} is reserved")
        if not isinstance(definition, Mapping):
            raise wrong_format("external_fields", f'the field {name} must be an object such as {{"type": "string"}}')
        declared = definition.get("type")
        if declared is not None and (not isinstance(declared, str) or declared.lower() not in set(FieldType)):
            raise wrong_format("external_fields", f"the type of {name} must be one of {', '.join(FieldType)}")
        checked[name] = {} if declared is None else {"type": declared}
    return checked


def check_values(values: Mapping[str, Any], definitions: FieldDefinitions) -> dict[str, FieldValue]:
    """Validate values of custom fields against their declarations. Numbers in float and double fields become floats.

    Raises:
        ServiceError: ``FRS.0405`` a field is not declared, ``FRS.0406`` a value does not have the declared type.
    """
    checked: dict[str, FieldValue] = {}
    for name, value in values.items():
        declared = _declared_type(name, definitions)
        if not _VALIDATORS[declared](value):
            raise ServiceError("FRS.0406", name, declared.value)
        checked[name] = float(value) if declared in {FieldType.FLOAT, FieldType.DOUBLE} else value
    return checked


def parse_value(text: str, declared: FieldType) -> FieldValue | None:
    """Parse a value from text, as in a query string; None if it does not have the type."""
    value: Any = text
    try:
        match declared:
            case FieldType.INTEGER | FieldType.LONG:
                value = int(text) if re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII) else None
            case FieldType.FLOAT | FieldType.DOUBLE:
                value = float(text)
            case FieldType.BOOLEAN:
                value = {"true": True, "false": False}.get(text.lower())
            case FieldType.STRING:
                pass
    except ValueError:
        return None
    return value if _VALIDATORS[declared](value) else None


def parse_values(texts: Mapping[str, str], definitions: FieldDefinitions) -> dict[str, FieldValue]:
    """Parse the values of custom fields from text.

    Raises:
        ServiceError: ``FRS.0405`` a field is not declared, ``FRS.0406`` a value does not have the declared type.
    """
    values: dict[str, FieldValue] = {}
    for name, text in texts.items():
        declared = _declared_type(name, definitions)
        value = parse_value(text, declared)
        if value is None:
            raise ServiceError("FRS.0406", name, declared.value)
        values[name] = value
    return values


def _declared_type(name: str, definitions: FieldDefinitions) -> FieldType:
    if name not in definitions:
        raise ServiceError("FRS.0405", displayed_name(name))
    return field_type(definitions, name)


def new_public_id() -> str:
    """Return eight random letters and digits: with 62^8 values they cannot be guessed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(limits.PUBLIC_ID_LENGTH))


def is_public_id(text: str) -> bool:
    """Return whether a text has the form of a public id."""
    return len(text) == limits.PUBLIC_ID_LENGTH and all(letter in ALPHABET for letter in text)


def new_public_ids(count: int) -> list[str]:
    """Return ``count`` public ids."""
    return [new_public_id() for _ in range(count)]


def retry_with_new_ids(write: Callable[[], T]) -> T:
    """Call a function that writes generated ids, and retry if an id is in use."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return write()
        except IdTakenError:
            continue
    return write()
