"""Admission control of one process: bounds on concurrent requests and on the bytes of their bodies.

All clients share both. A part of the memory is left to requests with verified credentials, and no address can use all of it.
"""

from collections import Counter

from openfrs.core.telemetry.metrics import ACTIVE_REQUESTS, BODY_BYTES, REJECTED

from . import limits
from .errors import ServiceError, too_many_requests


class Admission:
    """Counts the requests and body bytes of a process. It belongs to the thread of the event loop, so it needs no lock.

    ``address_share`` is the part of ``body_bytes`` for the requests of one address. A single body is always allowed.
    """

    def __init__(self, *, requests: int, body_bytes: int, address_share: float = 1) -> None:
        self._max_requests = requests
        self._max_bytes = body_bytes
        single = min(body_bytes, limits.MAX_BODY_BYTES)
        self._max_unverified = max(single, int(body_bytes * limits.UNVERIFIED_BODY_SHARE))
        self._max_of_address = max(single, int(body_bytes * address_share))
        self._by_address: Counter[str] = Counter()
        self._unverified = 0
        self.active_requests = 0
        """Requests in progress, including those that wait for a thread."""

        self.reserved_bytes = 0
        """Body bytes of the requests in progress and of those being received."""

    def admit(self, address: str = "") -> "RequestSlot":
        """Return a slot for a request, a context manager that the request holds while it runs.

        Raises:
            ServiceError: ``FRS.0033``, all slots are in use.
        """
        slot = RequestSlot(self, address)
        slot.resume()
        return slot

    def add_request(self) -> None:
        """Count a request in progress.

        Raises:
            ServiceError: ``FRS.0033``, as many are in progress as are allowed.
        """
        if self.active_requests >= self._max_requests:
            raise _rejection("requests")
        self._count_requests(1)

    def remove_request(self) -> None:
        """Stop counting a request."""
        self._count_requests(-1)

    def check_capacity(self, size: int, address: str, *, verified: bool) -> None:
        """Check the capacity for body bytes of an address, without counting them.

        Raises:
            ServiceError: ``FRS.0033``, they exceed the capacity.
        """
        if size <= 0:
            return
        unverified = 0 if verified else self._unverified + size
        if self.reserved_bytes + size > self._max_bytes or unverified > self._max_unverified:
            raise _rejection("body_memory")
        if self._by_address[address] + size > self._max_of_address:
            raise _rejection("address_memory")

    def count_bytes(self, size: int, address: str, *, verified: bool) -> None:
        """Count body bytes of an address, or with a negative size stop counting them."""
        if not size:
            return
        self.reserved_bytes += size
        self._by_address[address] += size
        if not self._by_address[address]:
            del self._by_address[address]
        if not verified:
            self._unverified += size
        BODY_BYTES.inc(size)

    def _count_requests(self, number: int) -> None:
        self.active_requests += number
        ACTIVE_REQUESTS.inc(number)


class RequestSlot:
    """The share of one request in a process's admission. Leaving the context releases it."""

    def __init__(self, admission: Admission, address: str) -> None:
        self._admission = admission
        self._address = address
        self._verified = False
        self._active = False
        self._reserved = 0

    def __enter__(self) -> "RequestSlot":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Stop counting the request and its body. The response may still be on its way to the client."""
        self.pause()
        self._admission.count_bytes(-self._reserved, self._address, verified=self._verified)
        self._reserved = 0

    def verify(self) -> None:
        """Count the body as that of a request with verified credentials."""
        if not self._verified:
            self._admission.count_bytes(-self._reserved, self._address, verified=False)
            self._admission.count_bytes(self._reserved, self._address, verified=True)
            self._verified = True

    def resume(self) -> None:
        """Count the request as in progress.

        Raises:
            ServiceError: ``FRS.0033``, as many are in progress as are allowed.
        """
        if not self._active:
            self._admission.add_request()
            self._active = True

    def pause(self) -> None:
        """Stop counting the request while it waits for its client, so that a slow client does not occupy a slot."""
        if self._active:
            self._admission.remove_request()
            self._active = False

    def reserve(self, size: int) -> None:
        """Reserve body bytes until the request ends.

        Raises:
            ServiceError: ``FRS.0033``, they exceed the capacity.
        """
        self.check_capacity(size)
        self._admission.count_bytes(size, self._address, verified=self._verified)
        self._reserved += size

    def check_capacity(self, size: int) -> None:
        """Check the capacity for body bytes, without reserving it.

        Raises:
            ServiceError: ``FRS.0033``, they exceed the capacity.
        """
        self._admission.check_capacity(size, self._address, verified=self._verified)


def _rejection(bound: str) -> ServiceError:
    REJECTED.labels(bound).inc()
    return too_many_requests()
