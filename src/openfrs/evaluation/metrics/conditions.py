"""Error rates at one threshold by condition: damaged photographs, groups of people, poses."""

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np

from openfrs.recognition.similarity import MATCH_THRESHOLD

from .rates import CONFIDENCE, Booleans, Rate, rate_of
from .results import Part, Result, Table

RESAMPLES: Final = 500


class ConditionRow(Part):
    """The rate of one condition; without pairs the rate has no trials."""

    condition: str
    images: int
    """Number of images with a face."""

    rate: Rate


class ConditionsResult(Result):
    """True match rates of mated pairs and false match rates of strangers, at a similarity of 0.93."""

    evaluation: Literal["conditions"] = "conditions"
    title: str
    score: float
    """Score at a similarity of 0.93."""

    mated: tuple[ConditionRow, ...] = ()
    """A pair with an image without a face does not match."""

    strangers: tuple[ConditionRow, ...] = ()

    def tables(self) -> list[Table]:
        """One table for mated pairs, and one for strangers."""
        tables = []
        if self.mated:
            rows = [(row.condition, f"{row.rate.trials:,}", row.rate.percent(1)) for row in self.mated]
            tables.append(Table(f"{self.title}: mated pairs", ("mated pairs", "pairs", "true match rate"), rows))
        if self.strangers:
            rows = [
                (row.condition, f"{row.rate.hits:,} of {row.rate.trials:,}", small(row.rate)) for row in self.strangers
            ]
            tables.append(Table(f"{self.title}: strangers", ("strangers", "matches", "false match rate"), rows))
        note = (
            f"{self.data}; {self.models}. Similarity of {MATCH_THRESHOLD} (score {self.score:.3f}). Intervals: 95 %, bootstrap "
            "over people for mated pairs and over images for strangers, never narrower than Wilson's."
        )
        return [Table(each.title, each.columns, each.rows, [note] if each is tables[-1] else []) for each in tables]


def small(rate: Rate) -> str:
    """Format a small rate as ``2.9e-03 (2.1e-03 to 3.8e-03)``, or as a dash without trials."""
    if not rate.trials:
        return "-"
    figure, low, high = (f"{value:.1e}" if value else "0" for value in (rate.rate, rate.low, rate.high))
    return f"{figure} ({low} to {high})"


def stranger_rate(parts: Iterable[tuple[Booleans, Booleans]]) -> Rate:
    """Return the false match rate of all pairs of images.

    Each part is of images that are compared with each other: its matches and its compared pairs, both symmetric, of shape (n, n),
    without the diagonal. Pairs that share an image are not independent, so the interval is a bootstrap over images.
    """
    random = np.random.default_rng(0)
    hits, trials = 0, 0
    drawn_hits, drawn_trials = np.zeros(RESAMPLES), np.zeros(RESAMPLES)
    for matches, compared in parts:
        (present,) = np.nonzero(compared.any(axis=1))
        if not present.size:
            continue
        matched, pairs = (each[np.ix_(present, present)] for each in (matches & compared, compared))
        hits, trials = hits + int(matched.sum()) // 2, trials + int(pairs.sum()) // 2
        counts = random.multinomial(present.size, np.full(present.size, 1 / present.size), RESAMPLES).astype(np.float32)
        drawn_hits += np.einsum("rn,rn->r", counts @ matched.astype(np.float32), counts) / 2
        drawn_trials += np.einsum("rn,rn->r", counts @ pairs.astype(np.float32), counts) / 2
    plain = rate_of(hits, trials)
    shares = drawn_hits[drawn_trials > 0] / drawn_trials[drawn_trials > 0]
    if not shares.size:
        return plain
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return plain.model_copy(update={"low": min(plain.low, float(low)), "high": max(plain.high, float(high))})
