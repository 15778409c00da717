"""Quality: whether refusing the pictures it calls worst lowers the error."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from .pairs import AllPairs, threshold_at
from .rates import Floats, Rate, clustered_rate_among
from .results import Chart, Part, Result, Table

FALSE_MATCH_RATE: Final = 1e-4
REFUSED: Final = (0.0, 0.01, 0.02, 0.05, 0.10, 0.15, 0.20, 0.30)


class RejectionPoint(Part):
    """What is left to miss once some pictures are refused."""

    refused: float
    """The share of pictures refused, 0..1."""

    misses: Rate
    """False non-match rate over the mated pairs left."""


class RejectionCurve(Part):
    """The error against the share refused, for one score of quality."""

    score: str
    points: tuple[RejectionPoint, ...]

    def lowered(self, refused: float) -> float:
        """By what share of itself the error falls when so much is refused; below 0 it rises."""
        rates = {point.refused: point.misses.rate for point in self.points}
        return 1 - rates[refused] / rates[0.0] if rates[0.0] else 0.0


class RejectionResult(Result):
    """Error-versus-reject curves at a threshold that stays where it is."""

    evaluation: Literal["rejection"] = "rejection"
    images: int
    genuine_pairs: int
    threshold: float
    """Cosine at a false match rate of 1e-4 over all pictures."""

    curves: tuple[RejectionCurve, ...]

    def tables(self) -> list[Table]:
        """The error by score and share refused."""
        columns = ["score", *(f"{share:.0%} refused".replace("%", " %") for share in REFUSED), "10 % lowers it by"]
        rows = [
            [
                curve.score,
                *(f"{100 * point.misses.rate:.2f} %" for point in curve.points),
                f"{100 * curve.lowered(0.10):.0f} %",
            ]
            for curve in self.curves
        ]
        start = self.curves[0].points[0].misses
        note = (
            f"False non-match rate at cosine {self.threshold:.3f} (false match rate 1e-4). {self.data}: {self.images:,} pictures, "
            f"{self.genuine_pairs:,} mated pairs; {self.models}. Nothing refused: {start.percent()}, 95 %, by drawing people again "
            "and again."
        )
        return [Table("Quality: error versus reject", columns, rows, [note])]

    def charts(self) -> list[Chart]:
        """The curves."""
        series = [
            (curve.score, [(100 * point.refused, point.misses.rate) for point in curve.points]) for curve in self.curves
        ]
        return [Chart("rejection", "Error versus reject", "refused, %", "FNMR at FMR 1e-4", series)]


def rejection_result(pairs: AllPairs, scores: Mapping[str, Floats], *, data: str, models: str) -> RejectionResult:
    """Measure scores of quality, each of shape (pictures,), higher is better, on the pairs of those pictures."""
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
    pairs: AllPairs, scores: Floats, threshold: float, refused: Sequence[float] = REFUSED
) -> tuple[RejectionPoint, ...]:
    """The error after the worst pictures are refused, share by share; of equal scores the earlier picture goes first."""
    rank = np.empty(scores.size, np.intp)
    rank[np.argsort(scores, kind="stable")] = np.arange(scores.size)
    lesser = np.minimum(rank[pairs.first], rank[pairs.second])
    points = []
    for share in refused:
        left = lesser >= int(share * scores.size + 1e-9)
        misses = clustered_rate_among(pairs.genuine[left] < threshold, pairs.person[left])
        points.append(RejectionPoint(refused=share, misses=misses))
    return tuple(points)
