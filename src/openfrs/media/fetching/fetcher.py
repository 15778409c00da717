"""Fetching of files by URL from the hosts and buckets that the operator allows.

Without such settings nothing is fetched. A host name is resolved once; all its addresses must be allowed
(:mod:`openfrs.media.fetching.addresses`), and the connection uses one of them, so that DNS rebinding has no effect. Redirects are
not followed, content encodings are not decoded, and certificates are verified. The endpoint of the object store is configured by
the operator, so its address is not checked.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Final

import httpcore

from openfrs.core import limits
from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.metrics import REJECTED, URL_FETCHES

from .addresses import is_allowed
from .locations import ObsObject, WebFile, parse_url
from .rules import FetchRules

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves a host and port to addresses."""

_ERROR_CODE: Final = re.compile(rb"<Code>(\w{1,64})</Code>")

_S3_ERRORS: Final = {
    "NoSuchKey": "FRS.0024",
    "NoSuchBucket": "FRS.0022",
    "AccessDenied": "FRS.0022",
    "InvalidAccessKeyId": "FRS.0027",
    "SignatureDoesNotMatch": "FRS.0027",
}


class Fetcher:
    """Fetches files within :class:`FetchRules` and limits of concurrency, time and size."""

    def __init__(
        self,
        rules: FetchRules,
        *,
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._rules = rules
        self._resolve = resolve or _resolve
        self._network = network or httpcore.AnyIOBackend()
        self._running = 0

    async def fetch(self, url: str, project_id: str, parameter: str, max_bytes: int) -> bytes:
        """Return the file at ``url`` for a project; ``parameter`` is the name of the URL's parameter.

        Raises:
            ServiceError: ``FRS.0020`` fetching is not configured; ``FRS.0021``, ``FRS.0022`` and ``FRS.0035`` as
                :func:`~openfrs.media.fetching.locations.parse_url`; ``FRS.0022`` also if the bucket is not allowed, ``FRS.0035``
                if the host or its address is not; ``FRS.0023`` larger than ``max_bytes``, or empty; ``FRS.0024`` no such object;
                ``FRS.0027`` the store rejects the keys; ``FRS.0033`` too many concurrent fetches; ``FRS.0036`` the request
                failed.
        """
        try:
            file = await self._fetch(url, project_id, parameter, max_bytes)
        except ServiceError as error:
            URL_FETCHES.labels(error.entry.code).inc()
            raise
        URL_FETCHES.labels("fetched").inc()
        return file

    async def _fetch(self, url: str, project_id: str, parameter: str, max_bytes: int) -> bytes:
        if not self._rules.hosts and self._rules.store is None:
            raise ServiceError("FRS.0020/url", parameter)
        location = parse_url(url)
        self._check(location, project_id)
        if self._running >= limits.MAX_CONCURRENT_FETCHES:
            REJECTED.labels("fetches").inc()
            raise ServiceError("FRS.0033", headers={"Retry-After": "1"})
        self._running += 1
        try:
            async with asyncio.timeout(limits.FETCH_TIMEOUT_SECONDS):
                return await self._request(location, max_bytes)
        except (TimeoutError, OSError, httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException):
            raise ServiceError("FRS.0036") from None
        finally:
            self._running -= 1

    def _check(self, location: ObsObject | WebFile, project_id: str) -> None:
        if isinstance(location, WebFile):
            if not self._rules.allow_host(location):
                raise ServiceError("FRS.0035")
        elif self._rules.store is None or not self._rules.allow_bucket(location.bucket, project_id):
            raise ServiceError("FRS.0022")

    async def _request(self, location: ObsObject | WebFile, max_bytes: int) -> bytes:
        if isinstance(location, WebFile):
            addresses = await self._resolve(location.host, location.port)
            if not addresses or not all(is_allowed(address, self._rules.networks) for address in addresses):
                raise ServiceError("FRS.0035")
            network: httpcore.AsyncNetworkBackend = _PinnedNetwork(self._network, addresses)
            url, headers = f"https://{location.authority}{location.target}", {"host": location.authority}
        else:
            assert self._rules.store is not None
            network = self._network
            url, headers = self._rules.store.signed_get(location.bucket, location.key, utc_now())
        headers = {**headers, "accept-encoding": "identity", "user-agent": "OpenFRS"}
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), limits.FETCH_TIMEOUT_SECONDS)
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self._ssl_context, network_backend=network) as pool,
            pool.stream("GET", url, headers=list(headers.items()), extensions={"timeout": timeouts}) as response,
        ):
            return await _read(response, max_bytes, from_store=isinstance(location, ObsObject))

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        return ssl.create_default_context()


class _PinnedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to known addresses instead of resolving the host name."""

    def __init__(self, network: httpcore.AsyncNetworkBackend, addresses: Sequence[str]) -> None:
        self._network = network
        self._addresses = addresses

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # the addresses are known
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # part of the interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that accepts a connection."""
        *others, last = self._addresses
        for address in others:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)


async def _read(response: httpcore.Response, max_bytes: int, *, from_store: bool) -> bytes:
    if response.status != 200:
        raise ServiceError(await _s3_error(response) if from_store else "FRS.0036")
    content = bytearray()
    async for chunk in response.aiter_stream():
        content += chunk
        if len(content) > max_bytes:
            break
    if not 0 < len(content) <= max_bytes:
        raise ServiceError("FRS.0023", f"1 to {max_bytes} bytes")
    return bytes(content)


async def _s3_error(response: httpcore.Response) -> str:
    """Return the catalogue key for an error response of the store, by the code in its body."""
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > 16_384:
            break
    match = _ERROR_CODE.search(body)
    return _S3_ERRORS.get(match[1].decode("ascii", "replace") if match else "", "FRS.0036")


async def _resolve(host: str, port: int) -> list[str]:
    results = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in results]
