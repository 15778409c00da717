"""Password hashing with argon2id."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's parameters for one lane: a login costs one core some tens of milliseconds and 19 MiB."""


@cache
def _nobodys_hash() -> str:
    """Checked against when there is no such user, so that the answer takes the same time."""
    return _hasher.hash(secrets.token_hex())


def new_password() -> str:
    """A random password of 24 characters."""
    return secrets.token_urlsafe(18)


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters and salt."""
    return _hasher.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password fits the hash; False, after the same work, for no hash at all."""
    try:
        _hasher.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
