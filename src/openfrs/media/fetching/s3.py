"""Requests to an S3-compatible object store, signed with AWS Signature Version 4."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class S3Endpoint:
    """An object store: its endpoint (``https://host[:port]``), region and access key."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)

    def signed_get(self, bucket: str, key: str, now: datetime) -> tuple[str, dict[str, str]]:
        """Return the URL and the signed headers of a GET request for an object, with path-style addressing."""
        path = "/" + quote(f"{bucket}/{key}", safe="/~")
        return self.endpoint + path, self._signed(path, "", now)

    def signed_list(
        self, bucket: str, prefix: str, marker: str, max_keys: int, now: datetime
    ) -> tuple[str, dict[str, str]]:
        """Return the URL and the signed headers of a request for the keys that start with ``prefix`` and follow ``marker``."""
        path = "/" + quote(bucket, safe="~")
        given = {"marker": marker, "max-keys": str(max_keys), "prefix": prefix}
        query = "&".join(f"{name}={quote(value, safe='~')}" for name, value in given.items())
        return f"{self.endpoint}{path}?{query}", self._signed(path, query, now)

    def _signed(self, path: str, query: str, now: datetime) -> dict[str, str]:
        host = urlsplit(self.endpoint).netloc
        headers = {"host": host, "x-amz-content-sha256": EMPTY_SHA256, "x-amz-date": _timestamp(now)}
        return {**headers, "authorization": self.authorization(path, headers, query)}

    def authorization(self, path: str, headers: Mapping[str, str], query: str = "") -> str:
        """Return the ``Authorization`` header of a GET request without body.

        Header names are in lower case; the parameters of the query are percent-encoded and in alphabetic order.
        """
        date = headers["x-amz-date"]
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"GET\n{path}\n{query}\n{lines}\n{names}\n{EMPTY_SHA256}"
        scope = f"{date[:8]}/{self.region}/s3/aws4_request"
        string_to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, string_to_sign.encode(), "sha256").hexdigest()
        return f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"


def _timestamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
