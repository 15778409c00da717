"""Ranking of candidates by similarity, and proof that no other face belongs among them.

A scan finds the faces with the highest scores. Almost all of them are the most similar ones, too; only a face with a cosine above
the scoring's ``near_cosine`` can be more similar than its score says. So what is not among the candidates is bounded by the lowest
score that was scanned for, and if such a face could exist, by a second scan for the highest cosines.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .columns import Rows
from .scoring import Numbers, Scoring, Vector, exact_cosines

_TOLERANCE: Final = 1e-3
"""Allowance for the rounding of templates to half precision where distances are derived from cosines."""


class Neighbours(NamedTuple):
    """Sequence numbers, similarities and scores of the faces most similar to a probe, all of shape (n,), best first."""

    seqs: Rows
    similarities: Numbers
    scores: Numbers


NOBODY: Final = Neighbours(np.empty(0, np.int64), np.empty(0), np.empty(0))


class Found(NamedTuple):
    """Positions of rows that include every row with a value above ``limit``."""

    rows: Rows
    limit: float


class Judge:
    """Ranks faces by their similarity to one probe.

    ``lowest_bias`` is at most the bias of every face.
    """

    def __init__(self, scoring: Scoring, probe: Vector, lowest_bias: float) -> None:
        self._scoring = scoring
        self._probe = probe
        self._lowest_bias = lowest_bias
        self.bias = float(scoring.biases(probe[None])[0])

    def rank(
        self, seqs: Rows, templates: npt.NDArray[np.floating], biases: npt.NDArray[np.floating], count: int
    ) -> Neighbours:
        """Return the ``count`` best of these faces: by similarity, then by score, the older first where both are equal."""
        cosines = exact_cosines(templates, self._probe)
        scores = cosines + (biases.astype(np.float64) + self.bias)
        return best(Neighbours(seqs, self._scoring.similarities(cosines, scores), scores), count)

    def largest_cosine(self, score: float) -> float:
        """Return a cosine that no face with at most this score exceeds, or ``near_cosine`` if that is more."""
        near = self._scoring.near_cosine
        # a face with a larger cosine is so close to the probe that its bias is similar
        if score < near + 2 * self.bias - self._scoring.weight * math.sqrt(2 - 2 * near) - _TOLERANCE:
            return near
        return max(near, score - self.bias - self._lowest_bias)

    def bound(self, cosine: float, score: float) -> tuple[float, float]:
        """Return the largest similarity and score of faces with at most this cosine and score."""
        (similarity,) = self._scoring.similarities(np.array([cosine]), np.array([score])).tolist()
        return similarity, score


def best(neighbours: Neighbours, count: int) -> Neighbours:
    """Return the first ``count`` faces, best first."""
    order = np.lexsort((neighbours.seqs, -neighbours.scores, -neighbours.similarities))[:count]
    return Neighbours(neighbours.seqs[order], neighbours.similarities[order], neighbours.scores[order])


def is_complete(neighbours: Neighbours, count: int, bound: tuple[float, float]) -> bool:
    """Check that ``count`` faces rank before any face within the bound of similarity and score."""
    if neighbours.seqs.size < count:
        return False
    return count == 0 or (neighbours.similarities[count - 1], neighbours.scores[count - 1]) > bound


def search(
    judge: Judge,
    by_score: Callable[[int], Found],
    by_cosine: Callable[[int], Found],
    rank: Callable[[Rows], Neighbours],
    count: int,
    rounding: float,
) -> Neighbours:
    """Return the ``count`` best faces.

    ``by_score`` and ``by_cosine`` scan for a number of rows, in values that differ from the exact ones by at most ``rounding``;
    their limit is minus infinity if nothing remains.
    """
    wanted, near_wanted = count, count
    found, near = by_score(wanted), None
    while True:
        rows = found.rows if near is None else np.union1d(found.rows, near.rows)
        neighbours = rank(rows)
        if found.limit == -math.inf or (near is not None and near.limit == -math.inf):
            return neighbours
        score = found.limit + rounding
        cosine = judge.largest_cosine(score)
        if near is not None:
            cosine = min(cosine, near.limit + rounding)
        if is_complete(neighbours, count, judge.bound(cosine, score)):
            return neighbours
        if is_complete(neighbours, count, judge.bound(-1.0, score)):  # only almost equal templates are in doubt
            near, near_wanted = by_cosine(near_wanted), 8 * near_wanted
        else:
            wanted *= 8
            found = by_score(wanted)
