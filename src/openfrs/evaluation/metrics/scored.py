"""Scores of pairs of templates under a scale, and the decisions at a similarity, with and without normalisation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openfrs.recognition.scale import Scale

from .rates import CONFIDENCE, RESAMPLES, Booleans, Rate, rate_of


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Templates with their biases: unit embeddings of shape (n, dimension) and biases of shape (n,)."""

    embeddings: npt.NDArray[np.float32]
    biases: npt.NDArray[np.float32]

    @classmethod
    def of(cls, embeddings: npt.NDArray[np.float32], scale: Scale) -> "Scored":
        """Score templates with a scale."""
        return cls(embeddings, scale.biases(embeddings))

    def __getitem__(self, chosen: npt.NDArray[np.generic] | slice) -> "Scored":
        """Return the chosen templates."""
        return Scored(self.embeddings[chosen], self.biases[chosen])

    def __len__(self) -> int:
        """Return the number of templates."""
        return len(self.embeddings)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of a similarity: a pair matches if its score or its cosine reaches them; ``plain`` is for cosines alone."""

    score: float
    cosine: float
    plain: float

    def matches(self, first: Scored, second: Scored) -> tuple[Booleans, Booleans]:
        """Return which of all pairs match, with normalisation and without; both of shape (first, second)."""
        cosines = first.embeddings @ second.embeddings.T
        scores = cosines + first.biases[:, None] + second.biases[None, :]
        return (scores >= self.score) | (cosines >= self.cosine), cosines >= self.plain

    def paired_matches(self, first: Scored, second: Scored) -> tuple[Booleans, Booleans]:
        """Return which pairs of the same row match, with normalisation and without; both of shape (n,)."""
        cosines = np.einsum("nd,nd->n", first.embeddings, second.embeddings)
        return (cosines + first.biases + second.biases >= self.score) | (cosines >= self.cosine), cosines >= self.plain


def false_match_rates(templates: Scored, thresholds: Thresholds) -> tuple[Rate, Rate]:
    """Return the false match rates of all pairs of templates of different people, with normalisation and without."""
    upper = np.triu(np.ones((len(templates), len(templates)), np.bool_), 1)
    normalised, plain = thresholds.matches(templates, templates)
    return _rate_of_pairs(normalised & upper), _rate_of_pairs(plain & upper)


def _rate_of_pairs(matches: Booleans) -> Rate:
    """Return the rate among all pairs of n faces; the interval is a bootstrap over faces, never narrower than Wilson's."""
    count = len(matches)
    first, second = np.nonzero(matches)
    plain = rate_of(first.size, count * (count - 1) // 2)
    if not first.size:
        return plain
    random = np.random.default_rng(0)
    rates = []
    for _ in range(RESAMPLES):
        times = np.bincount(random.integers(count, size=count), minlength=count)
        pairs = (count * count - int((times * times).sum())) / 2
        rates.append(float((times[first] * times[second]).sum()) / max(pairs, 1))
    low, high = np.quantile(rates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return plain.model_copy(update={"low": min(plain.low, float(low)), "high": max(plain.high, float(high))})
