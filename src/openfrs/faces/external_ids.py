"""External image ids for the names of people and files, which may have any characters."""

import hashlib
import re
import unicodedata
from base64 import b32encode
from typing import Final

from anyascii import anyascii

from openfrs.core import limits

from .fields import EXTERNAL_IMAGE_ID_FORMAT

_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9-]+")
_HASH_LENGTH: Final = 10
"""Letters of the hash, of 5 bits each: among a million names, two are equal with a probability of 1 in 2,000."""


def normalised_name(name: str) -> str:
    """Return a name in Unicode's form NFC: the same name typed on two systems is one name."""
    return unicodedata.normalize("NFC", name)


def external_id_of(name: str) -> str:
    """Return the external image id of a name: the name itself if it is one, else its Latin transliteration and a hash of it.

    Equal names have equal ids, on every machine; different names have different ones: ``Ann_Marie`` is ``Ann_Marie``, ``张三`` is
    ``ZhangSan-`` and ten letters or digits.
    """
    name = normalised_name(name)
    if EXTERNAL_IMAGE_ID_FORMAT.fullmatch(name):
        return name
    digest = b32encode(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()).decode().lower()[:_HASH_LENGTH]
    room = limits.MAX_EXTERNAL_IMAGE_ID_LENGTH - _HASH_LENGTH - 1
    latin = _FORBIDDEN.sub("_", anyascii(name)).strip("_-")[:room]
    return f"{latin}-{digest}" if latin else digest
