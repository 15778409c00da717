"""Quality: error versus reject curves."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from .pairs import AllPairs, threshold_at
from .rates import Floats, Rate, clustered_rate_among
from .results import Chart, Part, Result, Table

FALSE_MATCH_RATE: Final = 1e-4
REJECTED: Final = (0.0, 0.01, 0.02, 0.05, 0.10, 0.15, 0.20, 0.30)


class RejectionPoint(Part):
    """The error after rejecting a share of the images."""

    refused: float
    """Share of images rejected, 0..1."""

    misses: Rate
    """False non-match rate of the remaining mated pairs."""


class RejectionCurve(Part):
    """The error by share rejected, for one quality score."""

    score: str
    points: tuple[RejectionPoint, ...]

    def reduction(self, refused: float) -> float:
        """Return the relative reduction of the error when a share is rejected; negative if it increases."""
        rates = {point.refused: point.misses.rate for point in self.points}
        return 1 - rates[refused] / rates[0.0] if rates[0.0] else 0.0


class RejectionResult(Result):
    """Error versus reject curves at a fixed threshold."""

    evaluation: Literal["rejection"] = "rejection"
    images: int
    genuine_pairs: int
    threshold: float
    """Cosine at a false match rate of 1e-4 over all images."""

    curves: tuple[RejectionCurve, ...]

    def tables(self) -> list[Table]:
        """The error by score and share rejected."""
        columns = ["score", *(f"{share:.0%} rejected".replace("%", " %") for share in REJECTED), "reduction at 10 %"]
        rows = [
            [
                curve.score,
                *(f"{100 * point.misses.rate:.2f} %" for point in curve.points),
                f"{100 * curve.reduction(0.10):.0f} %",
            ]
            for curve in self.curves
        ]
        start = self.curves[0].points[0].misses
        note = (
            f"False non-match rate at score {self.threshold:.3f} (false match rate 1e-4). {self.data}: {self.images:,} images, "
            f"{self.genuine_pairs:,} mated pairs; {self.models}. None rejected: {start.percent()} (95 %, bootstrap over people)."
        )
        return [Table("Quality: error versus reject", columns, rows, [note])]

    def charts(self) -> list[Chart]:
        """The error versus reject curves."""
        series = [
            (curve.score, [(100 * point.refused, point.misses.rate) for point in curve.points]) for curve in self.curves
        ]
        return [Chart("rejection", "Error versus reject", "rejected, %", "FNMR at FMR 1e-4", series)]


def rejection_result(pairs: AllPairs, scores: Mapping[str, Floats], *, data: str, models: str) -> RejectionResult:
    """Measure quality scores (higher is better), each of shape (images,), with the pairs of these images."""
    threshold = threshold_at(pairs.impostor, FALSE_MATCH_RATE)
    curves = [
        RejectionCurve(score=name, points=rejection_points(pairs, values, threshold)) for name, values in scores.items()
    ]
    return RejectionResult(
        data=data,
        models=models,
        images=len(next(iter(scores.values()))),
        genuine_pairs=pairs.genuine.size,
        threshold=threshold,
        curves=tuple(curves),
    )


def rejection_points(
    pairs: AllPairs, scores: Floats, threshold: float, refused: Sequence[float] = REJECTED
) -> tuple[RejectionPoint, ...]:
    """Return the error after rejecting each share of the worst images; of equal scores the earlier image is rejected first."""
    rank = np.empty(scores.size, np.intp)
    rank[np.argsort(scores, kind="stable")] = np.arange(scores.size)
    lower = np.minimum(rank[pairs.first], rank[pairs.second])
    points = []
    for share in refused:
        remaining = lower >= int(share * scores.size + 1e-9)
        misses = clustered_rate_among(pairs.genuine[remaining] < threshold, pairs.person[remaining])
        points.append(RejectionPoint(refused=share, misses=misses))
    return tuple(points)
