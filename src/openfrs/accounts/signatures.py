"""Request signatures: ``SDK-HMAC-SHA256``, as Huawei's SDKs and gateway compute them.

A client hashes a canonical form of its request and signs the hash with its secret key. The server builds the same form from
the request as it arrived and compares. Pure functions; who owns the key is :mod:`openfrs.accounts.access`'s business.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

ALGORITHM: Final = "SDK-HMAC-SHA256"
DATE_HEADER: Final = "x-sdk-date"
PAYLOAD_HASH_HEADER: Final = "x-sdk-content-sha256"
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"

_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM}\s+Access=(?P<access_key>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{{64}})"
)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it arrived.

    ``path`` and ``query`` are as on the wire, percent-encoded; ``headers`` have lower-case names.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """What an ``Authorization`` header claims."""

    access_key: str
    signed_headers: tuple[str, ...]
    hexdigest: str


def parse_authorization(value: str) -> Signature | None:
    """Read an ``Authorization`` header; None if it is not of this algorithm."""
    match = _AUTHORIZATION.fullmatch(value.strip())
    if match is None:
        return None
    names = tuple(match["headers"].lower().split(";"))
    return Signature(match["access_key"], names, match["signature"])


def signing_time(request: SignedRequest) -> datetime | None:
    """When the client signed (UTC); None if it does not say so readably."""
    try:
        return datetime.strptime(request.headers.get(DATE_HEADER, ""), DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def canonical_request(request: SignedRequest, signed_headers: tuple[str, ...]) -> str:
    """The canonical form that both sides hash. A signed header that did not arrive counts as empty."""
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed_headers)
    return "\n".join(
        [
            request.method.upper(),
            _canonical_path(request.path),
            _canonical_query(request.query),
            headers,
            ";".join(signed_headers),
            request.headers.get(PAYLOAD_HASH_HEADER) or hashlib.sha256(request.body).hexdigest(),
        ]
    )


def sign(secret_key: str, date: str, canonical: str) -> str:
    """The hex signature of a canonical request."""
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"{ALGORITHM}\n{date}\n{digest}"
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def is_valid(request: SignedRequest, signature: Signature, secret_key: str) -> bool:
    """Whether the signature fits the request, compared in constant time.

    A client that announces the hash of its body must have announced the right one, or ``UNSIGNED-PAYLOAD``.
    """
    announced = request.headers.get(PAYLOAD_HASH_HEADER, "UNSIGNED-PAYLOAD")
    if announced != "UNSIGNED-PAYLOAD" and not hmac.compare_digest(
        announced.encode(), hashlib.sha256(request.body).hexdigest().encode()
    ):
        return False
    canonical = canonical_request(request, signature.signed_headers)
    expected = sign(secret_key, request.headers.get(DATE_HEADER, ""), canonical)
    return hmac.compare_digest(expected.encode(), signature.hexdigest.encode())


def _encode(text: str) -> str:
    return quote(text, safe="~", errors="surrogateescape")


def _canonical_path(path: str) -> str:
    canonical = "/".join(_encode(piece) for piece in unquote(path, errors="surrogateescape").split("/"))
    return canonical if canonical.endswith("/") else canonical + "/"


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
