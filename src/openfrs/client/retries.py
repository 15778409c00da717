"""Retries of requests: when, and after how long."""

import random
from dataclasses import dataclass
from typing import Final

_SAFE: Final = frozenset({429, 503})
"""Statuses of requests that the server did not perform."""

_PROXY: Final = frozenset({502, 504})
"""Statuses of proxies, behind which the server may have performed the request."""


@dataclass(frozen=True, slots=True)
class Retries:
    """Bounds of retries.

    A request is repeated up to ``attempts`` times in total, each time after the seconds of the response's ``Retry-After``, or else
    after a random part of 0.5 s that doubles each time, up to ``max_seconds``. A longer ``Retry-After`` ends the retries.

    Rejections with 429 and 503 are repeated for every operation, as the server has not performed it. Lost connections and failures
    of proxies are repeated only for operations that may be performed twice.
    """

    attempts: int = 5
    max_seconds: float = 60.0

    def delay(
        self, attempt: int, *, status: int | None, retry_after: float | None, is_repeatable: bool
    ) -> float | None:
        """Return the seconds to wait after a failed attempt, or None to give up.

        ``attempt`` counts from 1. ``status`` is None if there was no response.
        """
        is_retried = status in _SAFE or ((status is None or status in _PROXY) and is_repeatable)
        if not is_retried or attempt >= self.attempts:
            return None
        if retry_after is not None:
            return retry_after if retry_after <= self.max_seconds else None
        # a random part: clients that were rejected together do not return together
        return random.uniform(0.25, 0.5) * min(2.0 ** (attempt - 1), self.max_seconds)  # noqa: S311  # not a secret


def read_retry_after(value: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header; None without one, and for a date, which the service does not send."""
    return float(value) if value is not None and value.isascii() and value.isdecimal() and len(value) < 10 else None
