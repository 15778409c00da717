"""Request signatures: ``SDK-HMAC-SHA256`` and ``V11-HMAC-SHA256``, as Huawei's SDKs and gateway compute them.

A client hashes a canonical form of its request and signs the hash with its secret key. The server builds the same form from the
request as it arrived and compares. ``V11`` signs with a key derived for one day, region and service. Pure functions; who owns the
key is :mod:`openfrs.accounts.authentication`'s business.
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
SECURITY_TOKEN_HEADER: Final = "x-security-token"  # noqa: S105  # the name of a header
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
    """A request as it arrived.

    ``path`` and ``query`` are as on the wire, percent-encoded; ``headers`` have lower-case names; ``body_sha256`` is the hex
    SHA-256 of the body.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body_sha256: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What an ``Authorization`` header claims. ``info`` is ``day/region/service`` for V11, else empty."""

    algorithm: str
    access_key: str
    info: str
    signed_headers: tuple[str, ...]
    hexdigest: str


def parse_authorization(value: str) -> Signature | None:
    """Read an ``Authorization`` header; None if it is of no algorithm known here."""
    for pattern in _AUTHORIZATIONS:
        match = pattern.fullmatch(value.strip())
        if match is not None:
            names = tuple(match["headers"].lower().split(";"))
            return Signature(match["algorithm"], match["access_key"], match["info"], names, match["signature"])
    return None


def signing_time(request: SignedRequest) -> datetime | None:
    """When the client signed (UTC); None if it does not say so readably."""
    try:
        return datetime.strptime(request.headers.get(DATE_HEADER, ""), DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def canonical_request(request: SignedRequest, signed_headers: tuple[str, ...], *, twice_encoded: bool = False) -> str:
    """The canonical form that both sides hash. A signed header that did not arrive counts as empty.

    ``twice_encoded`` is the form of the JavaScript SDK, which encodes the path as it is on the wire once more.
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
    """The hex ``SDK-HMAC-SHA256`` signature of a canonical request."""
    text = f"SDK-HMAC-SHA256\n{date}\n{_digest(canonical)}"
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign_derived(access_key: str, secret_key: str, date: str, info: str, canonical: str) -> str:
    """The hex ``V11-HMAC-SHA256`` signature of a canonical request, under a key derived for ``info``."""
    derived = HKDF(SHA256(), length=32, salt=access_key.encode(), info=info.encode()).derive(secret_key.encode())
    text = f"V11-HMAC-SHA256\n{date}\n{info}\n{_digest(canonical)}"
    return hmac.new(derived.hex().encode(), text.encode(), hashlib.sha256).hexdigest()


def is_valid(request: SignedRequest, signature: Signature, secret_key: str) -> bool:
    """Whether the signature fits the request, compared in constant time.

    A client that announces the hash of its body must have announced the right one, or ``UNSIGNED-PAYLOAD``. A security token
    that arrives must be signed, and a V11 signature must be of the day it says.
    """
    announced = request.headers.get(PAYLOAD_HASH_HEADER, UNSIGNED_PAYLOAD)
    if announced != UNSIGNED_PAYLOAD and not hmac.compare_digest(announced.encode(), request.body_sha256.encode()):
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
    canonical = "/".join(_encode(piece) for piece in path.split("/"))
    return canonical if canonical.endswith("/") else canonical + "/"


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
