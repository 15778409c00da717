"""Tokens: signed, encrypted and stateless."""

import json
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken

from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError

from .keyring import Keyring


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says: who, for which project (empty: the domain), from when until when (UTC).

    It is good only while the user's ``credentials_version`` is the one it was issued under.
    """

    id: str
    user_id: str
    project_id: str
    credentials_version: int
    issued_at: datetime
    expires_at: datetime
    methods: tuple[str, ...] = ("password",)


class TokenIssuer:
    """Issues and reads tokens."""

    def __init__(self, keyring: Keyring, life: timedelta) -> None:
        self._keyring = keyring
        self._life = life

    def issue(self, user_id: str, project_id: str, credentials_version: int) -> tuple[str, Token]:
        """A new token, as text and as what it says."""
        now = utc_now()
        token = Token(secrets.token_hex(16), user_id, project_id, credentials_version, now, now + self._life)
        return seal(self._keyring, asdict(token)), token

    def rescope(self, old: Token, project_id: str) -> tuple[str, Token]:
        """A token for another project in exchange for an old one. It expires when the old one does."""
        token = replace(
            old,
            id=secrets.token_hex(16),
            project_id=project_id,
            issued_at=utc_now(),
            methods=tuple(dict.fromkeys(("token", *old.methods))),
        )
        return seal(self._keyring, asdict(token)), token

    def read(self, text: str) -> Token:
        """What a token says.

        Raises:
            ServiceError: ``FRS.0002`` it is not a token of this service, ``APIG.0307`` it has expired.
        """
        content = unseal(self._keyring, text)
        try:
            token = Token(**{**content, "methods": tuple(content["methods"])})
        except (KeyError, TypeError):
            raise ServiceError("FRS.0002") from None
        if token.expires_at <= utc_now():
            raise ServiceError("APIG.0307")
        return token


def seal(keyring: Keyring, content: dict[str, Any]) -> str:
    """A JSON object, times included, as text that only this service can make and read."""
    return keyring.tokens.encrypt(json.dumps(content, default=datetime.isoformat).encode()).decode()


def unseal(keyring: Keyring, text: str) -> dict[str, Any]:
    """What :func:`seal` was given; keys that end in ``_at`` are times.

    Raises:
        ServiceError: ``FRS.0002``
    """
    try:
        content: dict[str, Any] = json.loads(keyring.tokens.decrypt(text.encode()))
    except (InvalidToken, ValueError):
        raise ServiceError("FRS.0002") from None
    return {name: datetime.fromisoformat(value) if name.endswith("_at") else value for name, value in content.items()}
