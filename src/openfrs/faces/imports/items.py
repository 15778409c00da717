"""Items to import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class SourceError(Exception):
    """An item cannot be imported, for the reason in the message."""


@dataclass(frozen=True, slots=True)
class Item:
    """An image to import. ``name`` is unique within its source and the same in each run; ``person`` may have any characters.

    ``read`` returns the bytes, or raises ``SourceError`` or ``OSError``. Values of ``fields`` are strings unless ``typed`` is set.
    """

    name: str
    person: str | None
    read: Callable[[], bytes] = field(repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict)
    typed: bool = True
    sha256: bytes | None = None
    """Digest of the image as its source has it, if ``read`` returns another encoding of it."""


def check_name(name: str) -> None:
    """Validate the name of a file.

    Raises:
        SourceError: It is not UTF-8, or has a NUL character.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        raise SourceError("the name is not UTF-8; rename the file, or save the table as UTF-8")
    if "\0" in name:
        raise SourceError("the name has a NUL character")
