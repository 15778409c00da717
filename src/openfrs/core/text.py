"""The characters that names and values may have."""

import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and lone surrogates, halves of a character. ``str.isprintable`` excludes far more: joiners that Persian and
Indic names are written with, other spaces, and all characters that are newer than Python's tables."""


def is_plain(text: str) -> bool:
    """Return whether a text has neither control characters nor lone surrogates."""
    return _CONTROL.search(text) is None


def plain(text: str, replacement: str = "?") -> str:
    """Return a text with its control characters and lone surrogates replaced."""
    return _CONTROL.sub(replacement, text)
