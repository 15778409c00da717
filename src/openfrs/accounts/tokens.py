"""Tokens: signed, encrypted and stateless."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from cryptography.fernet import InvalidToken, MultiFernet

from ..errors import ServiceError


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says: who, for which project (empty: none), from when until when (UTC)."""

    user_id: str
    project_id: str
    issued_at: datetime
    expires_at: datetime


class TokenMint:
    """Issues and reads tokens."""

    def __init__(self, keys: MultiFernet, life: timedelta) -> None:
        self._keys = keys
        self._life = life

    def issue(self, user_id: str, project_id: str) -> tuple[str, Token]:
        """A new token, as text and as what it says."""
        now = datetime.now(UTC)
        token = Token(user_id, project_id, now, now + self._life)
        text = json.dumps(asdict(token), default=datetime.isoformat)
        return self._keys.encrypt(text.encode()).decode(), token

    def read(self, text: str) -> Token:
        """What a token says.

        Raises:
            ServiceError: ``FRS.0002`` it is not a token of this service, ``APIG.0307`` it has expired.
        """
        try:
            content = json.loads(self._keys.decrypt(text.encode()))
        except InvalidToken:
            raise ServiceError("FRS.0002") from None
        issued_at, expires_at = (datetime.fromisoformat(content[name]) for name in ("issued_at", "expires_at"))
        token = Token(content["user_id"], content["project_id"], issued_at, expires_at)
        if token.expires_at <= datetime.now(UTC):
            raise ServiceError("APIG.0307")
        return token
