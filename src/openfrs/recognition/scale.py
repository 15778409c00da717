"""The scale from cosines of embeddings to similarities: score normalisation with a cohort, then calibration.

The score of two templates is their cosine plus the bias of each. The calibration maps scores to similarities. Two almost equal
templates show the same photograph whatever their biases, so above a cosine of 0.9 a second scale from the cosine alone counts if it
gives more. For two given biases the similarity rises with the cosine, and it is 1 for equal templates.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError
from openfrs.store.index.scoring import similarities_to
from openfrs.vision import weights
from openfrs.vision.weights.custom_embedder import CustomEmbedder
from openfrs.vision.weights.manifest import manifest

from .cohort import Cohort, load_cohort_file
from .similarity import Calibration, load_calibration, rounded, unrounded

NEAR_COSINE: Final = 0.9
"""Cosine up to which the similarity depends on the score alone."""


@dataclass(frozen=True, eq=False)
class Scale:
    """The calibration of an embedder and its cohort; without a cohort the score is the cosine.

    Raises:
        ValueError: the calibration was made with another cohort.
    """

    calibration: Calibration
    cohort: Cohort | None = None

    def __post_init__(self) -> None:
        if self.calibration.cohort != self.identity:
            made_with, given = self.calibration.cohort or "none", self.identity or "none"
            raise ValueError(f"the calibration was made with cohort {made_with}, not {given}")
        if self.cohort is not None and self.cohort.embedder != self.calibration.embedder:
            raise ValueError(f"the cohort is for embedder {self.cohort.embedder}, not {self.calibration.embedder}")

    @property
    def embedder(self) -> str:
        """Identity of the embedder, as in face sets."""
        return self.calibration.embedder

    @property
    def identity(self) -> str:
        """Identity of the cohort; empty without one."""
        return "" if self.cohort is None else self.cohort.identity

    @property
    def weight(self) -> float:
        """Largest change of a bias with the distance of two templates: |bias(a) - bias(b)| <= weight * |a - b|."""
        return 0.0 if self.cohort is None else self.cohort.weight

    @property
    def near_cosine(self) -> float:
        """Cosine up to which the similarity is a monotone function of the score alone."""
        return 1.0 if self.cohort is None else NEAR_COSINE

    def biases(self, templates: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the biases of templates of shape (n, dimension), at most 0, shape (n,)."""
        return np.zeros(len(templates), np.float32) if self.cohort is None else self.cohort.biases(templates)

    def recognisability(self, template: npt.NDArray[np.floating]) -> float | None:
        """Return how unlike the faces of the cohort a template is, 0..1; None without a cohort.

        It is 1 minus the closeness to the cohort: a face that the embedder cannot distinguish from others is close to 0.
        """
        if self.weight == 0:
            return None
        return min(1.0, 1 + float(self.biases(template[None])[0]) / self.weight)

    def similarities(
        self, cosines: npt.NDArray[np.floating], scores: npt.NDArray[np.floating]
    ) -> npt.NDArray[np.float64]:
        """Return the similarities of pairs with these cosines and scores, 0..1, not rounded."""
        calibrated = self.calibration.similarities(scores)
        return calibrated if self.cohort is None else np.maximum(calibrated, near(cosines))

    def similarity(self, cosine: float, score: float) -> float:
        """Return the similarity that clients receive, 0..1, rounded."""
        return rounded(float(self.similarities(np.array([cosine]), np.array([score]))[0]))

    def compare(self, first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> float:
        """Return the similarity of two templates of shape (dimension,) that clients receive, 0..1, rounded."""
        return rounded(float(similarities_to(self, first[None], second)[0]))

    def thresholds(self, similarity: float) -> tuple[float, float]:
        """Return the smallest score and the smallest cosine of which either suffices for a rounded similarity."""
        least = min(max(unrounded(similarity), 0), 1)
        cosine = 1.0 if self.cohort is None else 1 - (1 - NEAR_COSINE) * (1 - least) ** 0.5
        return self.calibration.score(similarity), cosine


def near(cosines: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the similarities of almost equal templates: 0 up to a cosine of :data:`NEAR_COSINE`, rising to 1 at 1.

    The slope vanishes at 1, so half precision leaves a template its similarity of 1 to itself.
    """
    distances = (1 - np.asarray(cosines, np.float64)) / (1 - NEAR_COSINE)
    return np.asarray(1 - np.clip(distances, 0, 1) ** 2)


@cache
def _included_cohort(embedder: str) -> Cohort | None:
    name = manifest().embedders[embedder].cohort
    if not name:
        return None
    with resources.as_file(resources.files(weights) / name) as file:
        return load_cohort_file(file)


def load_cohort(embedder: str | CustomEmbedder) -> Cohort | None:
    """Load the cohort of an embedder of the manifest, by name, or of a custom embedder; None if it has none.

    Raises:
        OperatorError: the file cannot be read, or belongs to another embedder.
    """
    if isinstance(embedder, str):
        return _included_cohort(embedder)
    if embedder.cohort is None:
        return None
    cohort = load_cohort_file(embedder.cohort)
    if (cohort.embedder, cohort.dimension) != (embedder.identity, embedder.dimension):
        raise OperatorError(
            f"{embedder.cohort} is for embedder {cohort.embedder} with {cohort.dimension} dimensions, not {embedder.identity} with "
            f"{embedder.dimension}; run openfrs eval cohort again"
        )
    return cohort


def load_scale(embedder: str | CustomEmbedder) -> Scale:
    """Load the calibration and the cohort of an embedder of the manifest, by name, or of a custom embedder.

    Raises:
        OperatorError: a file is missing or unreadable, belongs to another embedder, or they do not belong together.
    """
    calibration, cohort = load_calibration(embedder), load_cohort(embedder)
    try:
        return Scale(calibration, cohort)
    except ValueError as error:
        raise OperatorError(f"embedder {calibration.embedder}: {error}; run openfrs eval calibrate again") from error
