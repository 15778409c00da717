"""Operations as values: a request without server and credentials, and the type of its result."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, TypeAdapter

T = TypeVar("T")

REPEATABLE: Final = frozenset({"GET", "PUT"})
"""Methods of requests that may be performed twice with the same result."""


@dataclass(frozen=True, slots=True)
class Url:
    """The URL of a file that the server fetches, if its operator allows the host or bucket."""

    url: str


Image = bytes | Path | Url
"""An image or video: its bytes, its file on this machine, or a URL that the server fetches."""


class Model(BaseModel):
    """A part of a response. Keys that this version does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, protected_namespaces=())


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """An operation: a client sends it and returns its result.

    ``path`` has ``{project_id}`` for the id of the project; other parts are percent-encoded. ``result`` is the type of a JSON
    response, ``str`` for text, or ``None`` without a body. ``is_public`` calls need no credentials.
    """

    method: str
    path: str
    result: type[T]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    is_public: bool = False
    is_repeatable: bool | None = None
    """True to repeat it after a lost connection; by default if its method may be performed twice."""

    def parse(self, content: bytes) -> T:
        """Return the result for a response body.

        Raises:
            ValueError: The body is not of the type.
        """
        if self.result is str:
            return content.decode()  # type: ignore[return-value]  # T is str
        if self.result is type(None):
            return None
        return TypeAdapter(self.result).validate_json(content)

    def repeatable(self) -> "Call[T]":
        """Return the operation, to be repeated also after a lost connection."""
        return replace(self, is_repeatable=True)

    @property
    def may_repeat(self) -> bool:
        """Return whether the operation may be performed twice."""
        return self.method in REPEATABLE if self.is_repeatable is None else self.is_repeatable


def path_of(template: str, **parts: str) -> str:
    """Fill the parts of a path, percent-encoded, except for the project."""
    return template.format(project_id="{project_id}", **{name: quote(value, safe="") for name, value in parts.items()})


def given(**values: Any) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def file_fields(**files: Image | None) -> dict[str, str]:
    """Return the fields for files: ``image_base64`` or ``image_url`` for ``image``.

    Raises:
        OSError: A file cannot be read.
    """
    fields = {}
    for name, file in files.items():
        if isinstance(file, Url):
            fields[f"{name}_url"] = file.url
        elif file is not None:
            data = file.read_bytes() if isinstance(file, Path) else file
            fields[f"{name}_base64"] = base64.b64encode(data).decode("ascii")
    return fields
