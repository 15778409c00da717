"""Request signatures: ``SDK-HMAC-SHA256`` and ``V11-HMAC-SHA256``, as Huawei's SDKs and gateway compute them.

A client hashes the canonical form of its request and signs the hash with its secret key. The server computes the same signature
from the request received and compares. ``V11`` signs with a key derived for a day, region and service. The functions are pure;
:mod:`openfrs.accounts.authentication` looks up the keys.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DATE_HEADER: Final = "x-sdk-date"
PAYLOAD_HASH_HEADER: Final = "x-sdk-content-sha256"
SECURITY_TOKEN_HEADER: Final = "x-security-token"  # noqa: S105  # a header name
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"

_TAIL: Final = r",\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
_AUTHORIZATIONS: Final = (
    re.compile(rf"(?P<algorithm>SDK-HMAC-SHA256)\s+Access=(?P<access_key>[^,\s/]{{1,4096}})(?P<info>){_TAIL}"),
    re.compile(
        rf"(?P<algorithm>V11-HMAC-SHA256)\s+Credential=(?P<access_key>[^,\s/]{{1,4096}})"
        rf"/(?P<info>\d{{8}}/[^,\s/]+/[^,\s/]+){_TAIL}"
    ),
)


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


@dataclass(frozen=True, slots=True)
class Signature:
    """A parsed ``Authorization`` header. ``info`` is ``day/region/service`` for V11, else empty."""

    algorithm: str
    access_key: str
    info: str
    signed_headers: tuple[str, ...]
    hexdigest: str


def parse_authorization(value: str) -> Signature | None:
    """Parse an ``Authorization`` header; None if the algorithm is not supported or a signed header is repeated."""
    for pattern in _AUTHORIZATIONS:
        match = pattern.fullmatch(value.strip())
        if match is not None:
            names = tuple(match["headers"].lower().split(";"))
            if len(set(names)) < len(names):  # 15,000 repetitions of one header make a canonical form of gigabytes
                return None
            return Signature(match["algorithm"], match["access_key"], match["info"], names, match["signature"])
    return None


def signing_time(request: SignedRequest) -> datetime | None:
    """Return the time of signing (UTC); None if the header is missing or invalid."""
    try:
        return datetime.strptime(request.headers.get(DATE_HEADER, ""), DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


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
    text = f"SDK-HMAC-SHA256\n{date}\n{_digest(canonical)}"
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign_derived(access_key: str, secret_key: str, date: str, info: str, canonical: str) -> str:
    """Return the ``V11-HMAC-SHA256`` signature of a canonical request in hex, with a key derived for ``info``."""
    derived = HKDF(SHA256(), length=32, salt=access_key.encode(), info=info.encode()).derive(secret_key.encode())
    text = f"V11-HMAC-SHA256\n{date}\n{info}\n{_digest(canonical)}"
    return hmac.new(derived.hex().encode(), text.encode(), hashlib.sha256).hexdigest()


def is_valid(request: SignedRequest, signature: Signature, secret_key: str) -> bool:
    """Return whether a signature matches a request, compared in constant time.

    A payload hash in the headers must be that of the body, or ``UNSIGNED-PAYLOAD``. A security token must be signed, and the day of
    a V11 signature must be that of the request.
    """
    payload_hash = request.headers.get(PAYLOAD_HASH_HEADER, UNSIGNED_PAYLOAD)
    if payload_hash != UNSIGNED_PAYLOAD and not hmac.compare_digest(
        payload_hash.encode(), request.body_sha256.encode()
    ):
        return False
    if SECURITY_TOKEN_HEADER in request.headers and SECURITY_TOKEN_HEADER not in signature.signed_headers:
        return False
    date = request.headers.get(DATE_HEADER, "")
    if signature.info and signature.info[:8] != date[:8]:
        return False
    matches = []
    for twice_encoded in (False, True):
        canonical = canonical_request(request, signature.signed_headers, twice_encoded=twice_encoded)
        if signature.info:
            expected = sign_derived(signature.access_key, secret_key, date, signature.info, canonical)
        else:
            expected = sign(secret_key, date, canonical)
        matches.append(hmac.compare_digest(expected.encode(), signature.hexdigest.encode()))
    return any(matches)


def _digest(canonical: str) -> str:
    return hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()


def _encode(text: str) -> str:
    return quote(text, safe="~", errors="surrogateescape")


def _canonical_path(path: str) -> str:
    canonical = "/".join(_encode(segment) for segment in path.split("/"))
    return canonical if canonical.endswith("/") else canonical + "/"


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
