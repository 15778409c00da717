"""Scores and similarities of templates, as an index needs them: the interface, and plain cosines."""

from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]


class Scoring(Protocol):
    """The similarity of two templates of one embedder.

    The *score* of two templates is their cosine plus the bias of each. The similarity rises with the score and with the cosine; up
    to a cosine of ``near_cosine`` it depends on the score alone.
    """

    @property
    def embedder(self) -> str:
        """Identity of the embedder; face sets of others are not scored."""

    @property
    def identity(self) -> str:
        """Identity of the biases; empty if all are 0. An index on a server is rebuilt when it changes."""

    @property
    def weight(self) -> float:
        """Largest change of a bias with the distance of two templates: |bias(a) - bias(b)| <= weight * |a - b|."""

    @property
    def near_cosine(self) -> float:
        """Cosine up to which the similarity depends on the score alone."""

    def biases(self, templates: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the biases of templates of shape (n, dimension), shape (n,): multiples of 2**-20 from -``weight`` to 0."""

    def similarities(
        self, cosines: npt.NDArray[np.floating], scores: npt.NDArray[np.floating]
    ) -> npt.NDArray[np.float64]:
        """Return the similarities of pairs with these cosines and scores, not rounded."""


class _Cosines:
    """The similarity is the cosine."""

    embedder = identity = ""
    weight = 0.0
    near_cosine = 1.0

    def biases(self, templates: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        return np.zeros(len(templates), np.float32)

    def similarities(
        self,
        cosines: npt.NDArray[np.floating],  # noqa: ARG002  # the interface
        scores: npt.NDArray[np.floating],
    ) -> npt.NDArray[np.float64]:
        return np.asarray(scores, np.float64)


COSINES: Final[Scoring] = _Cosines()
"""For sets that are not searched by similarity."""


def scoring_of(scoring: Scoring, embedder: str) -> Scoring:
    """Return the scoring for a face set of an embedder: sets of other embedders are listed but not searched."""
    return scoring if scoring.embedder == embedder else COSINES


def exact_cosines(templates: npt.NDArray[np.floating], probe: npt.NDArray[np.floating]) -> Numbers:
    """Return the cosines of unit vectors of shape (n, dimension) with a probe, in double precision, shape (n,).

    Equal templates have equal cosines, and the order of the two vectors of a pair does not matter.
    """
    return np.asarray((templates.astype(np.float64) * probe.astype(np.float64)).sum(axis=1))


def similarities_to(
    scoring: Scoring, templates: npt.NDArray[np.floating], probe: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the similarities of templates of shape (n, dimension) to a probe, shape (n,)."""
    cosines = exact_cosines(templates, probe)
    biases = scoring.biases(templates).astype(np.float64) + float(scoring.biases(probe[None])[0])
    return scoring.similarities(cosines, cosines + biases)
