"""The signature of a request: ``SDK-HMAC-SHA256``, as clients compute it and the server verifies it.

A client hashes the canonical form of its request and signs the hash with its secret key.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

DATE_HEADER: Final = "x-sdk-date"
PAYLOAD_HASH_HEADER: Final = "x-sdk-content-sha256"
SECURITY_TOKEN_HEADER: Final = "x-security-token"  # noqa: S105  # a header name
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as received.

    ``path`` and ``query`` are percent-encoded, header names are lower-case, and ``body_sha256`` is the SHA-256 of the body in hex.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body_sha256: str


def canonical_request(request: SignedRequest, signed_headers: tuple[str, ...], *, twice_encoded: bool = False) -> str:
    """Return the canonical form of a request. A signed header that is missing counts as empty.

    ``twice_encoded`` gives the form of the JavaScript SDK, which percent-encodes the encoded path again.
    """
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed_headers)
    return "\n".join(
        [
            request.method.upper(),
            _canonical_path(request.path if twice_encoded else unquote(request.path, errors="surrogateescape")),
            _canonical_query(request.query),
            headers,
            ";".join(signed_headers),
            request.headers.get(PAYLOAD_HASH_HEADER) or request.body_sha256,
        ]
    )


def sign(secret_key: str, date: str, canonical: str) -> str:
    """Return the ``SDK-HMAC-SHA256`` signature of a canonical request in hex."""
    text = f"SDK-HMAC-SHA256\n{date}\n{digest(canonical)}"
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def digest(canonical: str) -> str:
    """Return the SHA-256 of a canonical request in hex."""
    return hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()


def _encode(text: str) -> str:
    return quote(text, safe="~", errors="surrogateescape")


def _canonical_path(path: str) -> str:
    canonical = "/".join(_encode(segment) for segment in path.split("/"))
    return canonical if canonical.endswith("/") else canonical + "/"


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
