"""Requests to an S3-compatible store, signed with AWS's Signature Version 4."""

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
    """Where the store is (``https://host[:port]``), and the keys to it."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)

    def get(self, bucket: str, key: str, now: datetime) -> tuple[str, dict[str, str]]:
        """URL and headers of the request for an object, with the bucket as the first part of the path."""
        host = urlsplit(self.endpoint).netloc
        path = "/" + quote(f"{bucket}/{key}", safe="/~")
        headers = {"host": host, "x-amz-content-sha256": EMPTY_SHA256, "x-amz-date": _stamp(now)}
        return self.endpoint + path, {**headers, "authorization": self.authorization(path, headers)}

    def authorization(self, path: str, headers: Mapping[str, str]) -> str:
        """The ``Authorization`` of a GET without query or body, over all its headers, whose names are in lower case."""
        date = headers["x-amz-date"]
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"GET\n{path}\n\n{lines}\n{names}\n{EMPTY_SHA256}"
        scope = f"{date[:8]}/{self.region}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        return f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
