"""Fetching the files that URLs of requests name, from where the operator allows it and from nowhere else.

Nothing is fetched unless the settings say from where. A host is looked up once; every address it has must be one that may be asked
(:mod:`openfrs.media.addresses`), and the connection goes to one of those, so an answer of the name service that changes between
check and connection changes nothing. Redirects are not followed, content codings not undone, certificates verified. The store
behind OBS is named by the operator, so its address is taken as it is.
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
from openfrs.core.telemetry.metrics import REFUSED, URL_FETCHES

from .addresses import is_allowed
from .locations import ObsObject, WebFile, parse_url
from .rules import FetchRules

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, for a port."""

_ERROR_CODE: Final = re.compile(rb"<Code>(\w{1,64})</Code>")

_STORE_REFUSALS: Final = {
    "NoSuchKey": "FRS.0024",
    "NoSuchBucket": "FRS.0022",
    "AccessDenied": "FRS.0022",
    "InvalidAccessKeyId": "FRS.0027",
    "SignatureDoesNotMatch": "FRS.0027",
}


class Fetcher:
    """Fetches files under :class:`FetchRules`, several at once, each in bounded time and memory."""

    def __init__(
        self,
        rules: FetchRules,
        *,
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._rules = rules
        self._resolve = resolve or _look_up
        self._network = network or httpcore.AnyIOBackend()
        self._under_way = 0

    async def fetch(self, url: str, project_id: str, parameter: str, max_bytes: int) -> bytes:
        """The file that ``url`` names, for a project; ``parameter`` is where the URL stood.

        Raises:
            ServiceError: ``FRS.0020`` nothing may be fetched from anywhere; ``FRS.0021``, ``FRS.0022`` and ``FRS.0035`` as
                :func:`~openfrs.media.locations.read_url`; ``FRS.0022`` also that the bucket may not be read, ``FRS.0035`` that
                the host or its address may not be asked; ``FRS.0023`` larger than ``max_bytes``, or empty; ``FRS.0024`` no such
                object; ``FRS.0027`` the store does not take the keys; ``FRS.0033`` too many files are being fetched;
                ``FRS.0036`` it could not be fetched.
        """
        try:
            file = await self._fetched(url, project_id, parameter, max_bytes)
        except ServiceError as error:
            URL_FETCHES.labels(error.entry.key).inc()
            raise
        URL_FETCHES.labels("fetched").inc()
        return file

    async def _fetched(self, url: str, project_id: str, parameter: str, max_bytes: int) -> bytes:
        if not self._rules.hosts and self._rules.store is None:
            raise ServiceError("FRS.0020", parameter)
        location = parse_url(url)
        self._check(location, project_id)
        if self._under_way >= limits.FETCHES_AT_ONCE:
            REFUSED.labels("fetches").inc()
            raise ServiceError("FRS.0033", headers={"Retry-After": "1"})
        self._under_way += 1
        try:
            async with asyncio.timeout(limits.FETCH_SECONDS):
                return await self._ask(location, max_bytes)
        except (TimeoutError, OSError, httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException):
            raise ServiceError("FRS.0036") from None
        finally:
            self._under_way -= 1

    def _check(self, location: ObsObject | WebFile, project_id: str) -> None:
        if isinstance(location, WebFile):
            if not self._rules.allow_host(location):
                raise ServiceError("FRS.0035")
        elif self._rules.store is None or not self._rules.allow_bucket(location.bucket, project_id):
            raise ServiceError("FRS.0022")

    async def _ask(self, location: ObsObject | WebFile, max_bytes: int) -> bytes:
        if isinstance(location, WebFile):
            addresses = await self._resolve(location.host, location.port)
            if not addresses or not all(is_allowed(each, self._rules.networks) for each in addresses):
                raise ServiceError("FRS.0035")
            network: httpcore.AsyncNetworkBackend = _Pinned(self._network, addresses)
            url, headers = f"https://{location.authority}{location.target}", {"host": location.authority}
        else:
            assert self._rules.store is not None
            network = self._network
            url, headers = self._rules.store.get(location.bucket, location.key, utc_now())
        headers = {**headers, "accept-encoding": "identity", "user-agent": "OpenFRS"}
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), limits.FETCH_SECONDS)
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self._trust, network_backend=network) as pool,
            pool.stream("GET", url, headers=list(headers.items()), extensions={"timeout": timeouts}) as answer,
        ):
            return await _read(answer, max_bytes, of_store=isinstance(location, ObsObject))

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context()


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked up before, whatever the name."""

    def __init__(self, network: httpcore.AsyncNetworkBackend, addresses: Sequence[str]) -> None:
        self._network = network
        self._addresses = addresses

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # its addresses are known
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # so is the interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address that takes one."""
        *others, last = self._addresses
        for address in others:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)


async def _read(answer: httpcore.Response, max_bytes: int, *, of_store: bool) -> bytes:
    if answer.status != 200:
        raise ServiceError(await _refusal_of_store(answer) if of_store else "FRS.0036")
    content = bytearray()
    async for chunk in answer.aiter_stream():
        content += chunk
        if len(content) > max_bytes:
            break
    if not 0 < len(content) <= max_bytes:
        raise ServiceError("FRS.0023", f"1 to {max_bytes} bytes")
    return bytes(content)


async def _refusal_of_store(answer: httpcore.Response) -> str:
    """What a refusal means, by the code in its body."""
    body = bytearray()
    async for chunk in answer.aiter_stream():
        body += chunk
        if len(body) > 16_384:
            break
    found = _ERROR_CODE.search(body)
    return _STORE_REFUSALS.get(found[1].decode("ascii", "replace") if found else "", "FRS.0036")


async def _look_up(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
