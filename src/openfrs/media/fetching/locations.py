"""Parsing of URLs in requests: objects of OBS and files of web hosts."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.text import is_plain

_HOST: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
"""A fully qualified host name. Its last label begins with a letter, which excludes addresses such as ``0x7f.1``."""

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_OBS_PATH: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]/.")
"""A bucket and a key without a leading slash. With a dot, the first part would rather be a host."""

_OBS_HOST: Final = re.compile(rf"(?P<bucket>{_BUCKET.pattern})\.obs\.[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_VISIBLE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class ObsObject:
    """An object of OBS; ``key`` is not percent-encoded."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file at an HTTPS URL; ``target`` is the path and query of the URL."""

    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The host, with the port unless it is 443."""
        return self.host if self.port == 443 else f"{self.host}:{self.port}"


def parse_url(text: str) -> ObsObject | WebFile:
    """Parse a URL; whether it may be fetched is checked elsewhere.

    Objects of OBS are written ``https://BUCKET.obs.REGION.DOMAIN/KEY``, ``/BUCKET/KEY`` or ``BUCKET/KEY``.

    Raises:
        ServiceError: ``FRS.0021`` not a valid HTTPS URL; ``FRS.0022`` not a valid bucket and key of OBS; ``FRS.0035`` the host
            is not fully qualified, or the URL contains a user.
    """
    if (text.startswith("/") and not text.startswith("//")) or _OBS_PATH.match(text):
        bucket, _, key = text.removeprefix("/").partition("/")
        return _obs_object(bucket, key)
    if len(text) > limits.MAX_URL_LENGTH or not _VISIBLE.fullmatch(text) or "\\" in text:
        raise ServiceError("FRS.0021")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ServiceError("FRS.0021") from None
    if parts.scheme.lower() != "https" or not parts.netloc:
        raise ServiceError("FRS.0021")
    if "@" in parts.netloc or "%" in parts.netloc or not _HOST.fullmatch(host):
        raise ServiceError("FRS.0035")
    match = _OBS_HOST.fullmatch(host)
    if match and port in {None, 443}:
        return _obs_object(match["bucket"], unquote(parts.path[1:]))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebFile(host, 443 if port is None else port, target)


def _obs_object(bucket: str, key: str) -> ObsObject:
    traverses = any(part in {".", ".."} for part in key.split("/"))
    if not _BUCKET.fullmatch(bucket) or not key or len(key.encode()) > limits.MAX_OBS_KEY_BYTES or traverses:
        raise ServiceError("FRS.0022")
    if not is_plain(key):
        raise ServiceError("FRS.0022")
    return ObsObject(bucket, key)
