"""Holding projects to their limits: requests a second, requests at once."""

import math
import threading
import time
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
from openfrs.core.telemetry.metrics import REFUSED

SLOW_OPERATIONS: Final = frozenset({"detect_action_liveness", "submit_liveness_video"})
"""Operations under ``slow_rate``: those that watch a video."""


class ProjectLimits(BaseModel):
    """What a project may have and do; 0 stands for no limit in the rates and in ``concurrent``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_face_sets: Annotated[int, Field(ge=0)]
    max_face_set_capacity: Annotated[int, Field(ge=10_000, multiple_of=10_000)]
    rate: Annotated[float, Field(ge=0, le=100_000)]
    """Requests a second, of each operation by itself."""

    slow_rate: Annotated[float, Field(ge=0, le=100_000)]
    """The same for action liveness."""

    burst: Annotated[int, Field(ge=1, le=60)]
    """Seconds' worth of requests that may come at once."""

    concurrent: Annotated[int, Field(ge=0)]
    """Requests under way at the same time."""

    @classmethod
    def of(cls, settings: Settings) -> "ProjectLimits":
        """The limits of a project that has none of its own."""
        return cls.model_validate({name: getattr(settings, name) for name in cls.model_fields})

    def override(self, overrides: Mapping[str, Any]) -> "ProjectLimits":
        """These limits with some replaced."""
        return ProjectLimits.model_validate({**self.model_dump(), **overrides})


class Quotas:
    """Counts what projects do. Rates are counted in ``storage``, requests at once in this process."""

    def __init__(self, storage: Storage) -> None:
        self._limiter = MovingWindowRateLimiter(storage)
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count_request(self, project_id: str, operation: str, limits: ProjectLimits) -> None:
        """Count a request.

        Raises:
            ServiceError: ``FRS.0033`` with ``Retry-After`` and the ``X-ratelimit`` headers, it is one too many.
        """
        rate = limits.slow_rate if operation in SLOW_OPERATIONS else limits.rate
        if not rate:
            return
        item = RateLimitItemPerSecond(max(1, math.floor(rate * limits.burst)), limits.burst)
        if not self._limiter.hit(item, project_id, operation):
            REFUSED.labels("rate").inc()
            window = self._limiter.get_window_stats(item, project_id, operation)
            headers = {
                "Retry-After": str(max(1, math.ceil(window.reset_time - time.time()))),
                "X-ratelimit": str(item.amount),
                "X-ratelimit-used": str(window.remaining),  # FRS documents the remaining count under this name
                "X-ratelimit-window": f"{limits.burst} second",
            }
            raise ServiceError("FRS.0033", headers=headers)

    @contextmanager
    def concurrent_request(self, project_id: str, limits: ProjectLimits) -> Iterator[None]:
        """A request's time in this process.

        Raises:
            ServiceError: ``FRS.0033``, as many are under way as may be.
        """
        with self._lock:
            if limits.concurrent and self._under_way[project_id] >= limits.concurrent:
                REFUSED.labels("concurrent").inc()
                raise ServiceError("FRS.0033", headers={"Retry-After": "1"})
            self._under_way[project_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[project_id] -= 1
                if not self._under_way[project_id]:
                    del self._under_way[project_id]
