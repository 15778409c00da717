"""What values look like, for the API's document: what is held against it is the business of the rooms below."""

from typing import Annotated, Any, Final

from pydantic import Field

from openfrs.core import limits
from openfrs.store.index.columns import FieldType

_NAMES: Final = {"pattern": f"^[A-Za-z0-9_-]{{1,{limits.CUSTOM_FIELD_NAME_LENGTH}}}$"}

FaceSetName = Annotated[
    str, Field(json_schema_extra={"minLength": 1, "maxLength": limits.FACE_SET_NAME_LENGTH, "pattern": "^[^/]+$"})
]
"""Printable characters but the slash."""

ExternalImageId = Annotated[
    str, Field(json_schema_extra={"pattern": f"^[A-Za-z0-9_-]{{1,{limits.EXTERNAL_IMAGE_ID_LENGTH}}}$"})
]

FilterText = Annotated[str, Field(json_schema_extra={"maxLength": limits.FILTER_LENGTH})]

FieldDeclarations = Annotated[
    dict[str, Any],
    Field(
        json_schema_extra={
            "maxProperties": limits.CUSTOM_FIELDS_PER_SET,
            "propertyNames": _NAMES,
            "additionalProperties": {
                "type": "object",
                "properties": {"type": {"type": ["string", "null"], "examples": [*FieldType]}},
            },
        }
    ),
]
"""Custom fields of a face set by name; without a type they are strings. Case does not matter in types."""

FieldValues = Annotated[
    dict[str, Any], Field(json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}})
]
"""Values of custom fields by name."""

SortOrder = Annotated[
    list[Any],
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
"""Numeric custom fields, the most important first."""
