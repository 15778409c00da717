"""The operator's rules for fetching files."""

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
    """Hosts, networks and buckets from which files may be fetched.

    ``hosts`` are ``name`` or ``name:port``; ``*.name`` matches all subdomains, ``*`` every name. ``networks`` are allowed
    although they are not public. ``buckets`` maps each readable bucket to its project, or to "" for all projects; None allows
    every bucket that the keys can read.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    store: S3Endpoint | None = None
    buckets: Mapping[str, str] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> "FetchRules":
        """Read the rules from the settings.

        Raises:
            OperatorError: a network, or the endpoint or keys of the object store, are invalid.
        """
        try:
            networks = tuple(map(ip_network, _split(settings.url_networks)))
        except ValueError as error:
            raise OperatorError(f"setting url_networks: {error}") from error
        buckets = dict(each.partition("=")[::2] for each in _split(settings.obs_buckets))
        hosts = frozenset(host.lower() for host in _split(settings.url_hosts))
        return cls(hosts, networks, _store(settings), buckets or None)

    def allow_host(self, file: WebFile) -> bool:
        """Return whether the host and port of a file are allowed."""
        port = "" if file.port == 443 else f":{file.port}"
        labels = file.host.split(".")
        wildcards = (f"*.{'.'.join(labels[start:])}{port}" for start in range(1, len(labels)))
        return not self.hosts.isdisjoint({file.host + port, f"*{port}", *wildcards})

    def allow_bucket(self, bucket: str, project_id: str) -> bool:
        """Return whether a project may read a bucket."""
        return self.buckets is None or self.buckets.get(bucket) in {"", project_id}


def _store(settings: Settings) -> S3Endpoint | None:
    if not settings.obs_endpoint:
        return None
    try:
        parts = urlsplit(settings.obs_endpoint)
        # reading the port raises ValueError if it is invalid
        complete = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:
        complete = False
    if not complete or parts.path.strip("/") or parts.query:
        raise OperatorError("setting obs_endpoint must be an http:// or https:// URL with a host and no path")
    if not settings.obs_access_key or settings.obs_secret_key is None:
        raise OperatorError("setting obs_endpoint needs obs_access_key and obs_secret_key")
    return S3Endpoint(
        settings.obs_endpoint.rstrip("/"),
        settings.obs_region,
        settings.obs_access_key,
        settings.obs_secret_key.get_secret_value(),
    )


def _split(text: str) -> list[str]:
    return [item for part in text.split(",") if (item := part.strip())]
