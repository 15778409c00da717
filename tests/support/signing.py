"""Request signatures of tests, computed with the functions that the service verifies them with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

from openfrs.core.signing import SignedRequest, canonical_request, sign

from .servers import Server


def signed_headers(
    server: Server,
    account: Mapping[str, str],
    method: str,
    path: str,
    body: bytes = b"",
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a request signed now with an access key; ``more`` are signed too, their names in lower case."""
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": server.endpoint.removeprefix("http://"), "x-sdk-date": date, **(more or {})}
    request = SignedRequest(method, path, "", headers, sha256(body).hexdigest())
    signature = sign(account["secret_key"], date, canonical_request(request, names := tuple(sorted(headers))))
    value = f"SDK-HMAC-SHA256 Access={account['access_key']}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return {**headers, "Authorization": value}
