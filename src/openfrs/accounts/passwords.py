"""Password hashing with argon2id."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's parameters for parallelism 1: a hash takes tens of milliseconds of one core and 19 MiB."""


@cache
def _dummy_hash() -> str:
    """Return a hash to verify against if the user does not exist, so that the duration is the same."""
    return _hasher.hash(secrets.token_hex())


def new_password() -> str:
    """Return a random password of 24 characters."""
    return secrets.token_urlsafe(18)


def hash_password(password: str) -> str:
    """Return an argon2id hash with its parameters and salt."""
    return _hasher.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Return whether a password matches a hash. Without a hash, return False after the same amount of work."""
    try:
        _hasher.verify(password_hash or _dummy_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
