"""Types of request parameters: their schemas, for the OpenAPI document only, and the other notations that clients send.

:mod:`openfrs.faces` validates the values.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from openfrs.core import limits
from openfrs.faces.fields import EXTERNAL_IMAGE_ID_FORMAT, FIELD_NAME_FORMAT
from openfrs.recognition.attributes import V1_CODES, V2_CODES
from openfrs.store.index.columns import FieldType

ATTRIBUTE_CODES: Final[Mapping[str, str]] = {
    "0": "head pose (v1)",
    "1": "gender",
    "2": "age",
    "3": "landmarks (v1)",
    "4": "dress: glasses and hat",
    "5": "smile (v1)",
    "6": "mask",
    "7": "hair",
    "8": "beard",
    "11": "phototype (omitted)",
    "12": "quality",
    "13": "expression",
    "21": "face angle",
}
"""Names of the attributes by their codes; those without a version are of v2 or both."""

ATTRIBUTE_CODE: Final[dict[str, Any]] = {
    "type": "string",
    "enum": [*ATTRIBUTE_CODES],
    "description": ", ".join(f"{code} {name}" for code, name in ATTRIBUTE_CODES.items()) + ".",
    "x-enum-varnames": [attribute.name for attribute in {**V1_CODES, **V2_CODES}.values()],
    "x-enum-descriptions": [*ATTRIBUTE_CODES.values()],
}
"""Schema of one attribute code."""

AttributeCodes = Annotated[
    str,
    Field(
        json_schema_extra={"contentMediaType": "text/csv", "contentSchema": {"type": "array", "items": ATTRIBUTE_CODE}}
    ),
]
"""Comma-separated attribute codes."""

FaceSetName = Annotated[
    str,
    Field(
        json_schema_extra={
            "minLength": 1,
            "maxLength": limits.MAX_FACE_SET_NAME_LENGTH,
            "pattern": r"^[^/\x00-\x1f\x7f-\x9f]+$",
        }
    ),
]
"""Any characters except the slash and control characters."""

ExternalImageId = Annotated[str, Field(json_schema_extra={"pattern": f"^{EXTERNAL_IMAGE_ID_FORMAT.pattern}$"})]

FilterText = Annotated[str, Field(json_schema_extra={"maxLength": limits.MAX_FILTER_LENGTH})]


def _object(value: Any) -> Any:
    """Accept an empty list in place of an empty object: PHP encodes both the same way."""
    return {} if value == [] else value


def _sort_entries(value: Any) -> Any:
    """Accept one object in place of a list of one-pair objects."""
    return [{field: order} for field, order in value.items()] if isinstance(value, dict) else value


FieldDeclarations = Annotated[
    dict[str, Any],
    BeforeValidator(_object),
    Field(
        json_schema_extra={
            "maxProperties": limits.MAX_CUSTOM_FIELDS,
            "propertyNames": {"pattern": f"^{FIELD_NAME_FORMAT.pattern}$"},
            "additionalProperties": {
                "type": "object",
                "properties": {"type": {"type": ["string", "null"], "examples": [*FieldType]}},
            },
        }
    ),
]
"""Declarations of custom fields by name. Types are case-insensitive, and `string` by default."""

FieldValues = Annotated[
    dict[str, Any],
    BeforeValidator(_object),
    Field(json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}}),
]
"""Values of custom fields by name."""

SortOrder = Annotated[
    list[Any],
    BeforeValidator(_sort_entries),
    Field(
        json_schema_extra={
            "items": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": {"enum": ["asc", "desc"]},
            }
        }
    ),
]
"""Numeric custom fields with their order, the most significant first."""
