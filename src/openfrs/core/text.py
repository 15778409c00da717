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


def escaped(text: str) -> str:
    r"""Return a text for a terminal: control characters and bytes that are not UTF-8 as ``\xff``, lone surrogates as ``\ud800``."""
    return _CONTROL.sub(lambda match: _escape(ord(match[0])), text)


def _escape(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was decoded with "surrogateescape"
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
