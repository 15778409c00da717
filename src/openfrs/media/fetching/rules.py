"""From where files may be fetched: what the operator allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import urlsplit

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

from .addresses import Network
from .locations import WebFile
from .s3 import S3Endpoint


@dataclass(frozen=True)
class FetchRules:
    """From where files may be fetched.

    ``hosts`` are ``name`` or ``name:port``; ``*.name`` stands for all names below it, ``*`` for every name. ``networks`` may be
    asked though they are not public. ``buckets`` are those of the store that may be read, each with the project it is for, or
    with none for all; no buckets at all: whatever the keys open.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    store: S3Endpoint | None = None
    buckets: Mapping[str, str] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> "FetchRules":
        """The rules that settings make.

        Raises:
            OperatorError: a network, an address or the keys of the store cannot be.
        """
        try:
            networks = tuple(map(ip_network, _listed(settings.url_networks)))
        except ValueError as error:
            raise OperatorError(f"setting url_networks: {error}") from error
        buckets = dict(each.partition("=")[::2] for each in _listed(settings.obs_buckets))
        hosts = frozenset(host.lower() for host in _listed(settings.url_hosts))
        return cls(hosts, networks, _store(settings), buckets or None)

    def allow_host(self, file: WebFile) -> bool:
        """Whether a file's host and port are among those allowed."""
        port = "" if file.port == 443 else f":{file.port}"
        labels = file.host.split(".")
        below = (f"*.{'.'.join(labels[start:])}{port}" for start in range(1, len(labels)))
        return not self.hosts.isdisjoint({file.host + port, f"*{port}", *below})

    def allow_bucket(self, bucket: str, project_id: str) -> bool:
        """Whether a project may read a bucket."""
        return self.buckets is None or self.buckets.get(bucket, "-") in {"", project_id}


def _store(settings: Settings) -> S3Endpoint | None:
    if not settings.obs_endpoint:
        return None
    try:
        parts = urlsplit(settings.obs_endpoint)
        complete = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:
        complete = False
    if not complete or parts.path.strip("/") or parts.query:
        raise OperatorError("setting obs_endpoint: it must be http:// or https:// with a host, and no path")
    if not settings.obs_access_key or settings.obs_secret_key is None:
        raise OperatorError("setting obs_endpoint: it needs obs_access_key and obs_secret_key")
    return S3Endpoint(
        settings.obs_endpoint.rstrip("/"),
        settings.obs_region,
        settings.obs_access_key,
        settings.obs_secret_key.get_secret_value(),
    )


def _listed(text: str) -> list[str]:
    return [each for part in text.split(",") if (each := part.strip())]
