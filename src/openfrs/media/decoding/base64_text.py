"""Decoding of base64 parameters."""

import re
from typing import Final

import pybase64

from openfrs.core import limits
from openfrs.core.errors import ServiceError

_DATA_URI: Final = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+)?(?:;[\w.+=-]+)*;base64,", re.ASCII | re.IGNORECASE)


def decode_base64(text: str, parameter: str) -> bytes:
    """Return the bytes of a base64 text.

    A ``data:`` prefix and line breaks are removed first: they are the most common mistakes of clients.

    Raises:
        ServiceError: ``FRS.0015/base64`` the text is not base64.
    """
    prefix = _DATA_URI.match(text, 0, limits.MAX_DATA_URI_HEAD)
    if prefix:
        text = text[prefix.end() :]
    try:
        if "\n" in text or "\r" in text:
            return pybase64.b64decode(text.encode("ascii").translate(None, b"\r\n"), validate=True)
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        raise ServiceError("FRS.0015/base64", parameter) from None
