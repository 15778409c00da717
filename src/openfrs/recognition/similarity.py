"""From the cosine of two embeddings to the similarity of 0..1 that clients see.

Cosines mean different things for different embedders, while FRS clients decide at 0.93. Each embedder therefore carries a
calibration, made from labelled pictures by ``openfrs eval calibrate``: 0.93 lies at the cosine that one in 10,000
pairs of strangers exceeds, 1 at identity, 0 at chance and below. The scale between is monotone, so order is never changed.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator

from openfrs.core.errors import OperatorError
from openfrs.vision import weights
from openfrs.vision.weights.custom_embedder import CustomEmbedder
from openfrs.vision.weights.manifest import manifest

MATCH_THRESHOLD: Final = 0.93
"""The similarity from which FRS advises to take two faces for one person's."""

SIMILARITY_BY_FALSE_MATCH_RATE: Final[Mapping[float, float]] = {
    1e-1: 0.40,
    1e-2: 0.70,
    1e-3: 0.85,
    1e-4: MATCH_THRESHOLD,
    1e-5: 0.96,
}
"""Where the scale puts a false match rate. 1e-4 at the decision is the promise; the others space the scale evenly around it."""

MIN_IMPOSTOR_PAIRS: Final = 30
"""A false match rate that fewer pairs of strangers than this stand behind says little."""

DECIMALS: Final = 4
"""Similarities are rounded: finer ones carry no meaning and help only who wants to rebuild a face from scores."""


class OperatingPoint(BaseModel):
    """How often strangers and mates of the calibration pictures pass a similarity threshold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    similarity: float
    cosine: float
    false_match_rate: float
    true_match_rate: float


class Calibration(BaseModel):
    """A monotone scale for one embedder, as knots of (cosine, similarity) with straight lines between."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    embedder: str
    data: str
    """The pictures it was made from, in words."""

    images: int
    people: int
    genuine_pairs: int
    impostor_pairs: int
    knots: tuple[tuple[float, float], ...]
    operating_points: tuple[OperatingPoint, ...]

    @model_validator(mode="after")
    def _is_a_scale(self) -> "Calibration":
        cosines, similarities = zip(*self.knots, strict=True)
        if list(cosines) != sorted(set(cosines)) or list(similarities) != sorted(set(similarities)):
            raise ValueError("knots must rise in both cosine and similarity")
        if similarities[0] != 0 or self.knots[-1] != (1, 1):
            raise ValueError("the scale must run from similarity 0 to (1, 1)")
        return self

    def similarities(self, cosines: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Similarities of an array of cosines, unrounded, in 0..1."""
        knots = np.array(self.knots)
        return np.asarray(np.interp(cosines, knots[:, 0], knots[:, 1]), dtype=np.float64)

    def similarity(self, cosine: float) -> float:
        """The similarity shown to a client: 0..1, rounded."""
        return round(float(self.similarities(np.array([cosine]))[0]), DECIMALS)

    def cosine(self, similarity: float) -> float:
        """The smallest cosine whose similarity, as shown, reaches ``similarity``; -1 for 0 and below."""
        shown = similarity - 0.5 * 10**-DECIMALS
        if shown <= 0:
            return -1.0
        cosines, similarities = zip(*self.knots, strict=True)
        return float(np.interp(shown, similarities, cosines))

    def cosine_at(self, false_match_rate: float) -> float:
        """The cosine that this share of pairs of strangers exceed, between the operating points that were measured."""
        points = sorted(self.operating_points, key=lambda point: point.false_match_rate)
        rates = np.log([point.false_match_rate for point in points])
        return float(np.interp(np.log(false_match_rate), rates, [point.cosine for point in points]))


@cache
def calibration(embedder: str) -> Calibration:
    """The calibration shipped for an embedder of the manifest."""
    file = resources.files(weights) / manifest().embedders[embedder].calibration
    return Calibration.model_validate(json.loads(file.read_text("utf-8")))


def is_calibrated(embedder: str) -> bool:
    """Whether a calibration is shipped for an embedder of the manifest."""
    return (resources.files(weights) / manifest().embedders[embedder].calibration).is_file()


def custom_calibration(embedder: CustomEmbedder) -> Calibration:
    """Return the calibration of a custom embedder.

    Raises:
        OperatorError: the file is missing or unreadable, or belongs to another embedder.
    """
    path = embedder.calibration
    if path is None:
        raise OperatorError(f"embedder {embedder.name} has no calibration; make one: openfrs eval calibrate")
    try:
        scale = Calibration.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path} holds no calibration") from error
    if scale.embedder != embedder.identity:
        raise OperatorError(f"{path} is of embedder {scale.embedder}, not {embedder.identity}; make it again")
    return scale


def calibration_of(embedder: str | CustomEmbedder) -> Calibration:
    """The calibration of an embedder of the manifest, by name, or of an operator's own.

    Raises:
        OperatorError: as for :func:`custom_calibration`.
    """
    return calibration(embedder) if isinstance(embedder, str) else custom_calibration(embedder)


def fit(impostor: npt.NDArray[np.floating]) -> Sequence[tuple[float, float]]:
    """Knots of a calibration from the cosines of non-mated pairs.

    Chance is their mean. A false match rate that too few pairs stand behind is left out.
    """
    ordered = np.sort(impostor)[::-1]
    knots = [(round(float(impostor.mean()), 6), 0.0)]
    for rate, similarity in SIMILARITY_BY_FALSE_MATCH_RATE.items():
        place = round(rate * ordered.size)
        if place >= MIN_IMPOSTOR_PAIRS:
            knots.append((round(float(ordered[place]), 6), similarity))
    return [*knots, (1.0, 1.0)]
