"""JSON objects that clients write and the store keeps with a face set."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from openfrs.core.errors import wrong_format


class StoredModel(BaseModel):
    """A validated JSON object; a member that is null counts as absent."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    parameter: ClassVar[str]
    """Name of the object in error messages."""

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Validate an object from a client or from the store.

        Raises:
            ServiceError: ``FRS.0012`` a member is unknown, or its value is out of range.
        """
        try:
            return cls.model_validate({name: value for name, value in values.items() if value is not None})
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"] == "extra_forbidden":
            raise wrong_format(cls.parameter, f"unknown member; allowed are {', '.join(cls.model_fields)}")
        raise wrong_format(".".join([cls.parameter, *map(str, first["loc"][:1])]), first["msg"])

    def to_store(self) -> dict[str, Any]:
        """Return the object as :meth:`parse` reads it, without absent members."""
        return self.model_dump(exclude_none=True)
