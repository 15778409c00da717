"""Project limits, and rate and concurrency limits of requests."""

import math
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Final

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import MovingWindowRateLimiter
from pydantic import BaseModel, ConfigDict, Field

from openfrs.core.errors import ServiceError
from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import REJECTED

from .counters import clock_of, is_in_memory

SLOW_OPERATIONS: Final = frozenset({"detect_action_liveness", "submit_liveness_video"})
"""Operations limited by ``slow_rate``: those that process a video."""


class ProjectLimits(BaseModel):
    """Limits of a project. In the rates and in ``concurrent``, 0 means unlimited."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_face_sets: Annotated[int, Field(ge=0)]
    max_face_set_capacity: Annotated[int, Field(ge=10_000, multiple_of=10_000)]
    rate: Annotated[float, Field(ge=0, le=100_000)]
    """Requests per second and operation."""

    slow_rate: Annotated[float, Field(ge=0, le=100_000)]
    """Requests per second of the operations in ``SLOW_OPERATIONS``."""

    burst: Annotated[int, Field(ge=1, le=60)]
    """Window of the rate limit in seconds: ``rate * burst`` requests are allowed in it."""

    concurrent: Annotated[int, Field(ge=0)]
    """Concurrent requests."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "ProjectLimits":
        """Return the default limits of projects."""
        return cls.model_validate({name: getattr(settings, name) for name in cls.model_fields})

    def override(self, overrides: Mapping[str, Any]) -> "ProjectLimits":
        """Return these limits with some replaced.

        Raises:
            ValidationError: a limit is unknown or out of range.
        """
        return ProjectLimits.model_validate({**self.model_dump(), **overrides}) if overrides else self


class Quotas:
    """Enforces the limits of projects. Rates are counted in ``storage``, concurrent requests in this process."""

    def __init__(self, storage: Storage) -> None:
        self._limiter = MovingWindowRateLimiter(storage)
        self._clock = clock_of(storage)
        self._concurrent: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def count_at_once(self) -> bool:
        """True if :meth:`count_request` never waits, so that the event loop may call it."""
        return is_in_memory(self._limiter.storage)

    def count_request(self, project_id: str, operation: str, limits: ProjectLimits) -> None:
        """Count a request against the rate limit of its operation.

        Raises:
            ServiceError: ``FRS.0033`` with ``Retry-After`` and ``X-ratelimit`` headers, the limit is exceeded.
        """
        rate = limits.slow_rate if operation in SLOW_OPERATIONS else limits.rate
        if not rate:
            return
        item = RateLimitItemPerSecond(max(1, math.floor(rate * limits.burst)), limits.burst)
        if not self._limiter.hit(item, project_id, operation):
            REJECTED.labels("rate").inc()
            window = self._limiter.get_window_stats(item, project_id, operation)
            headers = {
                "Retry-After": str(max(1, math.ceil(window.reset_time - self._clock()))),
                "X-ratelimit": str(item.amount),
                "X-ratelimit-used": str(window.remaining),  # FRS documents the remaining count under this name
                "X-ratelimit-window": f"{limits.burst} second",
            }
            raise ServiceError("FRS.0033", headers=headers)

    @contextmanager
    def concurrent_request(self, project_id: str, limits: ProjectLimits) -> Iterator[None]:
        """Count a request as concurrent while the block runs.

        Raises:
            ServiceError: ``FRS.0033`` the project has too many concurrent requests.
        """
        with self._lock:
            if limits.concurrent and self._concurrent[project_id] >= limits.concurrent:
                REJECTED.labels("concurrent").inc()
                raise ServiceError("FRS.0033", headers={"Retry-After": "1"})
            self._concurrent[project_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._concurrent[project_id] -= 1
                if not self._concurrent[project_id]:
                    del self._concurrent[project_id]
