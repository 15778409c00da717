"""Stateless tokens, signed and encrypted."""

import hashlib
import json
import re
import secrets
import threading
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.fernet import InvalidToken

from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError

from .keyring import Keyring

MAX_EXCHANGES: Final = 32
"""Number of tokens that can be exchanged one for the other: a token holds the ids of all of them."""

MAX_KEPT_TOKENS: Final = 4096
"""Number of tokens whose contents a process keeps."""

_SEALED: Final = re.compile(r"gAAAAA[A-Za-z0-9_-]{92,}={0,2}")
"""The form of a sealed object: Fernet's version and the first bytes of its time, then at least one encrypted block and a digest."""


@dataclass(frozen=True, slots=True)
class Token:
    """The content of a token. ``project_id`` is empty for a domain-scoped token; times are in UTC.

    It is valid only while the user has the same ``credentials_version``, and while neither it nor one of its ``ancestors`` is
    revoked: the ids of the tokens that were exchanged for it, oldest first.
    """

    id: str
    user_id: str
    project_id: str
    credentials_version: int
    issued_at: datetime
    expires_at: datetime
    methods: tuple[str, ...] = ("password",)
    ancestors: tuple[str, ...] = ()

    @property
    def lineage(self) -> tuple[str, ...]:
        """The ids whose revocation invalidates this token."""
        return (*self.ancestors, self.id)


class TokenIssuer:
    """Issues and reads tokens."""

    def __init__(self, keyring: Keyring, life: timedelta) -> None:
        self._keyring = keyring
        self._life = life
        self._read_tokens = _ReadTokens()

    def issue(self, user_id: str, project_id: str, credentials_version: int) -> tuple[str, Token]:
        """Issue a token; return its text and content."""
        now = utc_now()
        token = Token(secrets.token_hex(16), user_id, project_id, credentials_version, now, now + self._life)
        return seal(self._keyring, asdict(token)), token

    def rescope(self, token: Token, project_id: str) -> tuple[str, Token]:
        """Exchange a token for one with another project and the same expiry; return its text and content.

        Raises:
            ServiceError: ``IAM.401`` the token descends from ``MAX_EXCHANGES`` others.
        """
        if len(token.ancestors) >= MAX_EXCHANGES:
            raise ServiceError("IAM.401", "The token was exchanged too often; sign in again.")
        new_token = replace(
            token,
            id=secrets.token_hex(16),
            project_id=project_id,
            issued_at=utc_now(),
            methods=tuple(dict.fromkeys(("token", *token.methods))),
            ancestors=token.lineage,
        )
        return seal(self._keyring, asdict(new_token)), new_token

    def read(self, text: str) -> Token:
        """Return the content of a token.

        Raises:
            ServiceError: ``FRS.0002/401`` it has expired, and as :func:`unseal`.
        """
        keys = self._keyring.tokens
        token = self._read_tokens.find(text, keys)
        if token is None:
            token = _parse_token(unseal(self._keyring, text))
            self._read_tokens.add(text, keys, token)
        if token.expires_at <= utc_now():
            raise ServiceError("FRS.0002/401")
        return token


class _ReadTokens:
    """The contents of the tokens that were read last, by the digest of their text: decryption takes longer than a query.

    A token is valid only while the keys that decrypted it are those of the keyring.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: object = None
        self._tokens: dict[bytes, Token] = {}

    def find(self, text: str, keys: object) -> Token | None:
        """Return the content of a token that was read with these keys, or None."""
        return self._tokens.get(_digest(text)) if keys is self._keys else None

    def add(self, text: str, keys: object, token: Token) -> None:
        """Keep the content of a token in place of the oldest one."""
        with self._lock:
            if keys is not self._keys:
                self._keys, self._tokens = keys, {}
            elif len(self._tokens) >= MAX_KEPT_TOKENS:
                del self._tokens[next(iter(self._tokens))]
            self._tokens[_digest(text)] = token


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _parse_token(content: dict[str, Any]) -> Token:
    try:
        lists = {name: tuple(content.get(name, ())) for name in ("methods", "ancestors")}
        return Token(**{**content, **lists})
    except (KeyError, TypeError):
        raise ServiceError("FRS.0002/401") from None


def seal(keyring: Keyring, content: dict[str, Any]) -> str:
    """Encrypt and sign a JSON object; times are allowed in it."""
    return keyring.tokens.encrypt(json.dumps(content, default=datetime.isoformat).encode()).decode()


def unseal(keyring: Keyring, text: str) -> dict[str, Any]:
    """Return the object of :func:`seal`; members that end in ``_at`` are times.

    Raises:
        ServiceError: ``FRS.0002`` the text cannot be of this service, ``FRS.0002/401`` it has the form of a sealed object and
            was sealed with an unknown key, or changed.
    """
    try:
        content: dict[str, Any] = json.loads(keyring.tokens.decrypt(text.encode()))
    except (InvalidToken, ValueError):
        raise ServiceError("FRS.0002/401" if _SEALED.fullmatch(text) else "FRS.0002") from None
    return {name: datetime.fromisoformat(value) if name.endswith("_at") else value for name, value in content.items()}
