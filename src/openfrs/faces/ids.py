"""Ids that clients see."""

import secrets
import string
from collections.abc import Callable
from typing import Final, TypeVar

from openfrs.core import limits
from openfrs.store.faces.repository import IdTakenError

T = TypeVar("T")

ALPHABET: Final = string.ascii_letters + string.digits

_ATTEMPTS: Final = 5


def public_id() -> str:
    """Eight random letters and digits; 62^8 of them, so they cannot be guessed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(limits.PUBLIC_ID_LENGTH))


def is_public_id(text: str) -> bool:
    """Whether a text could be one of them."""
    return len(text) == limits.PUBLIC_ID_LENGTH and all(letter in ALPHABET for letter in text)


def public_ids(count: int) -> list[str]:
    """So many of them."""
    return [public_id() for _ in range(count)]


def with_fresh_ids(write: Callable[[], T]) -> T:
    """Run a write that generates ids, again if one was taken."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return write()
        except IdTakenError:
            continue
    return write()
