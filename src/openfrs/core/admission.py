"""Admission control of one process: bounds on concurrent requests and on the bytes of their bodies, for all clients together."""

from openfrs.core.telemetry.metrics import ACTIVE_REQUESTS, BODY_BYTES, REJECTED

from .errors import ServiceError, too_many_requests


class Admission:
    """Counts the requests and body bytes of a process. It belongs to the thread of the event loop, so it needs no lock."""

    def __init__(self, *, requests: int, body_bytes: int) -> None:
        self._max_requests = requests
        self._max_bytes = body_bytes
        self.active_requests = 0
        """Requests in progress, including those that wait for a thread."""

        self.reserved_bytes = 0
        """Body bytes of the requests in progress and of those being received."""

    def admit(self) -> "RequestSlot":
        """Return a slot for a request, a context manager that the request holds while it runs.

        Raises:
            ServiceError: ``FRS.0033``, all slots are in use.
        """
        slot = RequestSlot(self)
        slot.resume()
        return slot

    def add_request(self) -> None:
        """Count a request in progress.

        Raises:
            ServiceError: ``FRS.0033``, as many are in progress as are allowed.
        """
        if self.active_requests >= self._max_requests:
            raise _rejection("requests")
        self._count(1, 0)

    def remove_request(self) -> None:
        """Stop counting a request."""
        self._count(-1, 0)

    def reserve(self, size: int) -> None:
        """Count body bytes.

        Raises:
            ServiceError: ``FRS.0033``, they exceed the capacity.
        """
        self.check_capacity(size)
        self._count(0, size)

    def release(self, size: int) -> None:
        """Stop counting body bytes."""
        self._count(0, -size)

    def check_capacity(self, size: int) -> None:
        """Check the capacity for body bytes, without reserving it.

        Raises:
            ServiceError: ``FRS.0033``, they exceed the capacity.
        """
        if size > 0 and self.reserved_bytes + size > self._max_bytes:
            raise _rejection("body_memory")

    def _count(self, requests: int, size: int) -> None:
        self.active_requests += requests
        self.reserved_bytes += size
        ACTIVE_REQUESTS.inc(requests)
        BODY_BYTES.inc(size)


class RequestSlot:
    """The share of one request in a process's admission. Leaving the context releases it."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._active = False
        self._reserved = 0

    def __enter__(self) -> "RequestSlot":
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()
        self._admission.release(self._reserved)
        self._reserved = 0

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
        self._admission.reserve(size)
        self._reserved += size

    def check_capacity(self, size: int) -> None:
        """Check the capacity for body bytes, without reserving it.

        Raises:
            ServiceError: ``FRS.0033``, they exceed the capacity.
        """
        self._admission.check_capacity(size)


def _rejection(bound: str) -> ServiceError:
    REJECTED.labels(bound).inc()
    return too_many_requests()
