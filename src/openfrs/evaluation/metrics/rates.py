"""Rates and means with confidence intervals."""

from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

CONFIDENCE: Final = 0.95
"""Confidence level of all intervals."""

RESAMPLES: Final = 2000

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]
Booleans = npt.NDArray[np.bool_]


class Rate(BaseModel):
    """A rate of ``hits`` in ``trials``, 0..1, and its interval at :data:`CONFIDENCE`; (0, 1) without trials."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hits: int
    trials: int
    rate: float
    low: float
    high: float

    def percent(self, decimals: int = 2) -> str:
        """Format the rate as ``99.10 % (98.30 to 99.53)``, or as a dash without trials."""
        if not self.trials:
            return "-"
        return f"{100 * self.rate:.{decimals}f} % ({100 * self.low:.{decimals}f} to {100 * self.high:.{decimals}f})"


def rate_of(hits: int, trials: int) -> Rate:
    """Return the rate of independent trials with a Wilson interval."""
    low, high = wilson(hits, trials)
    return Rate(hits=hits, trials=trials, rate=hits / trials if trials else 0.0, low=low, high=high)


def rate_among(hits: Booleans) -> Rate:
    """Return the rate of true values."""
    return rate_of(int(hits.sum()), hits.size)


def wilson(hits: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Wilson score interval of a rate of independent trials; (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = hits / trials
    scale = 1 + z * z / trials
    centre = share + z * z / (2 * trials)
    half = z * float(np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2)))
    low = 0.0 if hits == 0 else (centre - half) / scale
    high = 1.0 if hits == trials else (centre + half) / scale
    return low, high


def clustered_rate(hits: Integers, trials: Integers) -> Rate:
    """Return the rate of clusters of dependent trials, such as all pairs of images of a person.

    ``hits`` and ``trials`` have shape (clusters,). The interval is a bootstrap over clusters, but never narrower than the Wilson
    interval, which rates of 0 and 1 need.
    """
    plain = rate_of(int(hits.sum()), int(trials.sum()))
    if len(trials) < 2 or plain.trials == 0:
        return plain
    random = np.random.default_rng(0)
    shares = []
    for _ in range(RESAMPLES):
        drawn = random.integers(len(trials), size=len(trials))
        if count := int(trials[drawn].sum()):
            shares.append(int(hits[drawn].sum()) / count)
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return plain.model_copy(update={"low": min(plain.low, float(low)), "high": max(plain.high, float(high))})


def clustered_rate_among(hits: Booleans, clusters: Integers) -> Rate:
    """Return :func:`clustered_rate` for one truth value and one cluster number per trial, both of shape (trials,)."""
    _, indices = np.unique(clusters, return_inverse=True)
    return clustered_rate(np.bincount(indices, weights=hits).astype(np.int64), np.bincount(indices))


class Mean(BaseModel):
    """A mean of ``trials`` values and its interval at :data:`CONFIDENCE`, by the normal approximation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: int
    mean: float
    low: float
    high: float

    def formatted(self, decimals: int = 2) -> str:
        """Format the mean as ``5.31 (5.02 to 5.60)``."""
        return f"{self.mean:.{decimals}f} ({self.low:.{decimals}f} to {self.high:.{decimals}f})"

    def percent(self, decimals: int = 2) -> str:
        """Format a mean of shares, 0..1, as ``97.90 % (97.20 to 98.50)``."""
        low, high = max(0.0, self.low), min(1.0, self.high)
        return f"{100 * self.mean:.{decimals}f} % ({100 * low:.{decimals}f} to {100 * high:.{decimals}f})"


def mean_of(values: Floats) -> Mean:
    """Return the mean of at least one independent value."""
    mean = float(values.mean())
    deviation = float(values.std(ddof=1)) if values.size > 1 else 0.0
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * deviation / float(np.sqrt(values.size))
    return Mean(trials=values.size, mean=mean, low=mean - half, high=mean + half)
