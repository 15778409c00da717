"""Request signatures: ``SDK-HMAC-SHA256`` and ``V11-HMAC-SHA256``, as Huawei's SDKs and gateway compute them.

The server computes the signature of :mod:`openfrs.core.signing` from the request received and compares. ``V11`` signs with a key
derived for a day, region and service. The functions are pure; :mod:`openfrs.accounts.authentication` looks up the keys.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from openfrs.core.signing import (
    DATE_FORMAT,
    DATE_HEADER,
    PAYLOAD_HASH_HEADER,
    SECURITY_TOKEN_HEADER,
    SignedRequest,
    canonical_request,
    digest,
    sign,
)

UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"

_TAIL: Final = r",\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
_AUTHORIZATIONS: Final = (
    re.compile(rf"(?P<algorithm>SDK-HMAC-SHA256)\s+Access=(?P<access_key>[^,\s/]{{1,4096}})(?P<info>){_TAIL}"),
    re.compile(
        rf"(?P<algorithm>V11-HMAC-SHA256)\s+Credential=(?P<access_key>[^,\s/]{{1,4096}})"
        rf"/(?P<info>\d{{8}}/[^,\s/]+/[^,\s/]+){_TAIL}"
    ),
)


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


def sign_derived(access_key: str, secret_key: str, date: str, info: str, canonical: str) -> str:
    """Return the ``V11-HMAC-SHA256`` signature of a canonical request in hex, with a key derived for ``info``."""
    derived = HKDF(SHA256(), length=32, salt=access_key.encode(), info=info.encode()).derive(secret_key.encode())
    text = f"V11-HMAC-SHA256\n{date}\n{info}\n{digest(canonical)}"
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
