"""What one process takes in, whoever asks: requests under way, and the bytes that they sent."""

from openfrs.core.telemetry.metrics import BODY_BYTES, REFUSED, REQUESTS_UNDER_WAY

from .errors import ServiceError, no_room


class Admission:
    """Bounds on a process. Belongs to the thread of the event loop, so it needs no lock."""

    def __init__(self, *, requests: int, body_bytes: int) -> None:
        self._most_requests = requests
        self._most_bytes = body_bytes
        self.under_way = 0
        """Requests that are worked on, those that wait for a thread included."""

        self.held_bytes = 0
        """Bytes of bodies that requests under way, or being received, have sent."""

    def admit(self) -> "Stay":
        """A place for a request, to be kept as a context for its time.

        Raises:
            ServiceError: ``FRS.0033``, as many are under way as may be.
        """
        stay = Stay(self)
        stay.enter()
        return stay

    def _count(self, requests: int, size: int) -> None:
        self.under_way += requests
        self.held_bytes += size
        REQUESTS_UNDER_WAY.inc(requests)
        BODY_BYTES.inc(size)

    @staticmethod
    def _refusal(bound: str) -> ServiceError:
        REFUSED.labels(bound).inc()
        return no_room()


class Stay:
    """One request's part of what a process has taken in."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._inside = False
        self._held = 0

    def __enter__(self) -> "Stay":
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        self.hold(-self._held)

    def enter(self) -> None:
        """Be under way.

        Raises:
            ServiceError: ``FRS.0033``, as many are as may be.
        """
        if self._admission.under_way >= self._admission._most_requests:
            raise self._admission._refusal("requests")
        self._admission._count(1, 0)
        self._inside = True

    def leave(self) -> None:
        """No longer be under way, while a client is waited for: whoever sends slowly is in nobody's way."""
        self._admission._count(-self._inside, 0)
        self._inside = False

    def hold(self, size: int) -> None:
        """Hold so many bytes more, until the request ends.

        Raises:
            ServiceError: ``FRS.0033``, there is no room for them.
        """
        self.look(size)
        self._admission._count(0, size)
        self._held += size

    def look(self, size: int) -> None:
        """See whether there is room for so many bytes.

        Raises:
            ServiceError: ``FRS.0033``, there is none.
        """
        if size > 0 and self._admission.held_bytes + size > self._admission._most_bytes:
            raise self._admission._refusal("body_memory")
