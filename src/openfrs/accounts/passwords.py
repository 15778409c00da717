"""Password hashing with argon2id."""

import secrets
from collections.abc import Sequence
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from openfrs.core.errors import ServiceError
from openfrs.core.limits import MAX_PASSWORD_LENGTH

MIN_SCORE: Final = 3
"""zxcvbn's score of an accepted password: at least 10⁸ guesses, with the names of user and domain among the first."""

_MAX_SCORED: Final = 72
"""Characters that zxcvbn takes: its time grows faster than the length."""

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


def check_new_password(password: str, old_password: str, *, names: Sequence[str], min_length: int) -> None:
    """Check that a password chosen by a user is long enough, hard to guess, and not the old one.

    Raises:
        ServiceError: ``IAM.400/password`` with the reason
    """
    from zxcvbn import zxcvbn  # its word lists take memory that few processes need

    if len(password) < min_length:
        raise ServiceError("IAM.400/password", f"The password must have at least {min_length} characters.")
    if len(password) > MAX_PASSWORD_LENGTH:
        raise ServiceError("IAM.400/password", f"The password may have at most {MAX_PASSWORD_LENGTH} characters.")
    if password == old_password:
        raise ServiceError("IAM.400/password", "The new password is the current one.")
    result = zxcvbn(password[:_MAX_SCORED], user_inputs=list(names))
    if result["score"] < MIN_SCORE:
        hint = result["feedback"]["warning"] or "Add more words that do not belong together."
        raise ServiceError("IAM.400/password", f"The password is too easy to guess. {hint}")
