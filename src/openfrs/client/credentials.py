"""Credentials of a client: a password or token, or an access key that signs each request."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import httpx

from openfrs.core.signing import DATE_FORMAT, DATE_HEADER, SECURITY_TOKEN_HEADER, SignedRequest, canonical_request, sign

_NONCE_HEADER: Final = "x-openfrs-nonce"
"""Makes the signatures of equal requests differ: the server rejects one that it has received before."""

_RENEWAL_SHARE: Final = 0.1
"""Share of its lifetime before its expiry, up to five minutes, in which a token is renewed."""


@dataclass(frozen=True, slots=True)
class Password:
    """A user's password. The client signs in with it, and again before the token expires or when it was revoked.

    ``project`` is the name of the project.
    """

    user: str
    password: str = field(repr=False)
    domain: str
    project: str

    def login_body(self) -> dict[str, Any]:
        """Return the body of the request for a token."""
        user = {"name": self.user, "password": self.password, "domain": {"name": self.domain}}
        return {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": self.project}},
            }
        }


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was obtained elsewhere, for its project. It cannot be renewed."""

    token: str = field(repr=False)
    project_id: str


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key, which signs each request; with ``security_token`` a temporary one.

    ``project`` is the name or id of the project, which the client looks up; it may be empty if the user has a role on only one.
    """

    access_key: str
    secret_key: str = field(repr=False)
    project: str = ""
    project_id: str = ""
    security_token: str = field(default="", repr=False)

    def sign(self, request: httpx.Request, now: datetime) -> None:
        """Add the signature to a request, whose body is in memory."""
        headers = {
            "host": request.headers["host"],
            DATE_HEADER: now.astimezone(UTC).strftime(DATE_FORMAT),
            _NONCE_HEADER: secrets.token_hex(8),
        }
        if self.security_token:
            headers[SECURITY_TOKEN_HEADER] = self.security_token
        names = tuple(sorted(headers))
        url, body_sha256 = request.url, sha256(request.content).hexdigest()
        path, query = url.raw_path.partition(b"?")[0].decode("ascii"), url.query.decode("ascii")
        signed = SignedRequest(request.method, path, query, headers, body_sha256)
        signature = sign(self.secret_key, headers[DATE_HEADER], canonical_request(signed, names))
        request.headers.update(headers)
        request.headers["authorization"] = (
            f"SDK-HMAC-SHA256 Access={self.access_key}, SignedHeaders={';'.join(names)}, Signature={signature}"
        )


Credentials = Password | Token | AccessKey


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token with its project and the time from which it is renewed."""

    text: str = field(repr=False)
    project_id: str
    renew_at: datetime | None = None

    @classmethod
    def of(cls, text: str, description: Any) -> "IssuedToken":
        """Read the response to the request for a token.

        Raises:
            LookupError, TypeError, ValueError: It is not one.
        """
        token = description["token"]
        issued_at, expires_at = (datetime.fromisoformat(token[name]) for name in ("issued_at", "expires_at"))
        margin = min((expires_at - issued_at) * _RENEWAL_SHARE, timedelta(minutes=5))
        # the lifetime counts on this machine's clock, which may differ from the server's
        renew_at = datetime.now(UTC) + (expires_at - issued_at) - margin
        return cls(text, str(token["project"]["id"]), renew_at)

    def is_due(self, now: datetime) -> bool:
        """Return whether the token has to be renewed."""
        return self.renew_at is not None and now >= self.renew_at
