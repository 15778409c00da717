"""The estimated risk of searches compared with searches for strangers."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from openfrs.faces.risk import Risk
from openfrs.recognition.scale import Scale

from .identification import DRAWS, split_open_set
from .rates import Floats
from .results import Part, Result, Table

GALLERY_SIZES: Final = (100, 300, 900)
THRESHOLDS: Final = (0.85, 0.9, 0.93, 0.95, 0.96)


class RiskPoint(Part):
    """The false positive identification rate of a gallery size at a threshold, mean over the draws."""

    gallery: int
    threshold: float
    """Similarity, 0..1."""

    estimated: float
    measured: float
    """Share of impostor probes that are named."""


class RiskResult(Result):
    """Estimated and measured false positive identification rates."""

    evaluation: Literal["risk"] = "risk"
    people: int
    strangers: int
    """Number of impostor probes: images of people who are not enrolled."""

    points: tuple[RiskPoint, ...]

    def tables(self) -> list[Table]:
        """Rates by gallery size and threshold."""
        rows = [
            (
                f"{point.gallery:,}",
                f"{point.threshold:.2f}",
                f"{point.estimated:.2%}",
                f"{point.measured:.2%}",
                f"{point.estimated / point.measured:.2f}" if point.measured else "",
            )
            for point in self.points
        ]
        note = (
            f"{self.data}: {self.people:,} people to enrol with one image each, {self.strangers:,} impostor probes; {self.models}. "
            f"Means of {DRAWS} random draws of the gallery."
        )
        columns = ("gallery", "similarity", "estimated FPIR", "measured FPIR", "ratio")
        return [Table("Risk of a search", columns, rows, [note])]


def risk_result(
    embeddings: npt.NDArray[np.float32], people: Sequence[str], scale: Scale, *, data: str, models: str
) -> RiskResult:
    """Compare the estimate of galleries of some sizes with the truth; ``embeddings`` have shape (n, dimension).

    Raises:
        OperatorError: no person has several images, or none has only one.
    """
    split = split_open_set(people)
    gallery, strangers = embeddings[split.gallery], embeddings[split.strangers]
    among, to_strangers = similarities(scale, gallery, gallery), similarities(scale, strangers, gallery)
    np.fill_diagonal(among, -1)
    points = []
    for size in (each for each in GALLERY_SIZES if each <= len(gallery)):
        drawn = [np.random.default_rng([size, draw]).permutation(len(gallery))[:size] for draw in range(DRAWS)]
        risks = [
            Risk(size, np.sort(among[np.ix_(each, each)].max(axis=1)).tolist(), scale.calibration) for each in drawn
        ]
        found = [to_strangers[:, each].max(axis=1) for each in drawn]
        for threshold in THRESHOLDS:
            estimated = np.mean([risk.rate(threshold) for risk in risks])
            measured = np.mean([(best >= threshold).mean() for best in found])
            points.append(
                RiskPoint(gallery=size, threshold=threshold, estimated=float(estimated), measured=float(measured))
            )
    return RiskResult(data=data, models=models, people=len(gallery), strangers=len(strangers), points=tuple(points))


def similarities(scale: Scale, probes: npt.NDArray[np.float32], gallery: npt.NDArray[np.float32]) -> Floats:
    """Return the similarities of all pairs, shape (probes, gallery)."""
    cosines = (probes @ gallery.T).astype(np.float64)
    return scale.similarities(cosines, cosines + scale.biases(probes)[:, None] + scale.biases(gallery))
