"""Calibration of scores of pairs of embeddings to the similarity, 0..1, that clients receive.

The score of a pair is its cosine, or its cosine normalised with a cohort (:mod:`.scale`). The distribution of scores depends on the
embedder, while FRS clients use a threshold of 0.93. Each embedder therefore has a calibration, made from labelled images with
``openfrs eval calibrate``: 0.93 is the score with a false match rate of 1 in 10,000, 1 is a score of 1, and 0 is the mean of
impostor pairs and below. The scale is monotone, so it preserves the ranking.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from openfrs.core.errors import OperatorError
from openfrs.vision import weights
from openfrs.vision.weights.custom_embedder import CustomEmbedder
from openfrs.vision.weights.manifest import manifest

MATCH_THRESHOLD: Final = 0.93
"""Similarity at and above which FRS advises treating two faces as a match."""

SIMILARITY_BY_FALSE_MATCH_RATE: Final[Mapping[float, float]] = {
    1e-1: 0.40,
    1e-2: 0.70,
    1e-3: 0.85,
    1e-4: MATCH_THRESHOLD,
    1e-5: 0.96,
}
"""Similarity assigned to each false match rate. 1e-4 at the match threshold is guaranteed; the others space the scale evenly."""

MIN_IMPOSTOR_PAIRS: Final = 30
"""Minimum number of impostor pairs at or above a threshold for a reliable estimate of its false match rate."""

DECIMALS: Final = 4
"""Similarities are rounded to this many decimals: more carry no information and help to reconstruct faces from scores."""


def rounded(similarity: float) -> float:
    """Return a similarity as clients receive it."""
    return round(similarity, DECIMALS)


def unrounded(similarity: float) -> float:
    """Return the smallest similarity that clients receive as this one."""
    return similarity - 0.5 * 10**-DECIMALS


class OperatingPoint(BaseModel):
    """False and true match rates of the calibration images at a similarity threshold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    similarity: float
    score: float = Field(validation_alias=AliasChoices("score", "cosine"))
    """Smallest score with the similarity. Files made before scores were normalised call it cosine."""

    false_match_rate: float
    true_match_rate: float


class Calibration(BaseModel):
    """A monotone, piecewise linear scale for one embedder, as knots of (score, similarity)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    embedder: str
    data: str
    """Description of the calibration images."""

    cohort: str = ""
    """Identity of the cohort that the scores were normalised with; empty if they are cosines."""

    images: int
    people: int
    genuine_pairs: int
    impostor_pairs: int
    knots: tuple[tuple[float, float], ...]
    operating_points: tuple[OperatingPoint, ...]

    @model_validator(mode="after")
    def _is_a_scale(self) -> "Calibration":
        scores, similarities = zip(*self.knots, strict=True)
        if list(scores) != sorted(set(scores)) or list(similarities) != sorted(set(similarities)):
            raise ValueError("knots must increase in both score and similarity")
        if similarities[0] != 0 or self.knots[-1] != (1, 1):
            raise ValueError("the scale must run from similarity 0 to (1, 1)")
        return self

    def similarities(self, scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return the similarities of an array of scores, 0..1, not rounded."""
        knots = np.array(self.knots)
        return np.asarray(np.interp(scores, knots[:, 0], knots[:, 1]), dtype=np.float64)

    def similarity(self, score: float) -> float:
        """Return the similarity of a score, 0..1, rounded."""
        return rounded(float(self.similarities(np.array([score]))[0]))

    def score(self, similarity: float) -> float:
        """Return the smallest score whose rounded similarity reaches ``similarity``; minus infinity for 0 and below."""
        least = unrounded(similarity)
        if least <= 0:
            return -math.inf
        scores, similarities = zip(*self.knots, strict=True)
        return float(np.interp(least, similarities, scores))

    def false_match_rate(self, similarity: float) -> float:
        """Return the false match rate that the scale assigns to a similarity, 0..1, extrapolated beyond the fitted rates."""
        rates = np.log([0.5, *SIMILARITY_BY_FALSE_MATCH_RATE])
        similarities = np.array([0.0, *SIMILARITY_BY_FALSE_MATCH_RATE.values()])
        excess = max(0.0, similarity - similarities[-1])
        slope = (rates[-1] - rates[-2]) / (similarities[-1] - similarities[-2])
        return float(np.exp(np.interp(similarity, similarities, rates) + slope * excess))

    def score_at(self, false_match_rate: float) -> float:
        """Return the score at a false match rate, interpolated between the measured operating points."""
        points = sorted(self.operating_points, key=lambda point: point.false_match_rate)
        rates = np.log([point.false_match_rate for point in points])
        return float(np.interp(np.log(false_match_rate), rates, [point.score for point in points]))


@cache
def calibration(embedder: str) -> Calibration:
    """Return the calibration that this package includes for an embedder of the manifest."""
    file = resources.files(weights) / manifest().embedders[embedder].calibration
    return Calibration.model_validate(json.loads(file.read_text("utf-8")))


def is_calibrated(embedder: str) -> bool:
    """Return whether this package includes a calibration for an embedder of the manifest."""
    return (resources.files(weights) / manifest().embedders[embedder].calibration).is_file()


def custom_calibration(embedder: CustomEmbedder) -> Calibration:
    """Return the calibration of a custom embedder.

    Raises:
        OperatorError: the file is missing or unreadable, or belongs to another embedder.
    """
    path = embedder.calibration
    if path is None:
        raise OperatorError(f"embedder {embedder.name} has no calibration; create one with openfrs eval calibrate")
    try:
        scale = Calibration.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path} is not a calibration") from error
    if scale.embedder != embedder.identity:
        raise OperatorError(
            f"{path} is for embedder {scale.embedder}, not {embedder.identity}; run openfrs eval calibrate again"
        )
    return scale


def load_calibration(embedder: str | CustomEmbedder) -> Calibration:
    """Load the calibration of an embedder of the manifest, by name, or of a custom embedder.

    Raises:
        OperatorError: as :func:`custom_calibration`.
    """
    return calibration(embedder) if isinstance(embedder, str) else custom_calibration(embedder)


def fit_knots(impostor: npt.NDArray[np.floating]) -> Sequence[tuple[float, float]]:
    """Return the knots of a calibration from the scores of impostor pairs.

    Their mean becomes similarity 0. False match rates with fewer than :data:`MIN_IMPOSTOR_PAIRS` pairs are left out.
    """
    ordered = np.sort(impostor)[::-1]
    knots = [(round(float(impostor.mean()), 6), 0.0)]
    for rate, similarity in SIMILARITY_BY_FALSE_MATCH_RATE.items():
        index = round(rate * ordered.size)
        if index >= MIN_IMPOSTOR_PAIRS:
            knots.append((round(float(ordered[index]), 6), similarity))
    return [*knots, (1.0, 1.0)]
