"""Verification: telling whether two pictures are of one person."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from openfrs.recognition.similarity import MATCH_THRESHOLD, MIN_IMPOSTOR_PAIRS, Calibration

from .pairs import AllPairs, best_threshold, count_below, dealt_folds, share_reaching, tenfold, threshold_at
from .rates import Booleans, Floats, Integers, Rate, clustered_rate_among, rate_among, rate_of
from .results import Chart, Part, Result, Table

FALSE_MATCH_RATES: Final = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
ROC_POINTS: Final = 61
SHOWN_ERRORS: Final = 50


class MatchPoint(Part):
    """A threshold with a false match rate: how many mated pairs pass it."""

    false_match_rate: float
    """The rate asked for; the threshold is the smallest that keeps to it."""

    threshold: float
    """Cosine."""

    similarity: float
    false_matches: int
    true_match_rate: Rate
    resolved: bool
    """Whether at least 30 pairs of strangers stand behind it."""


class WrongPair(Part):
    """Two pictures, whether they are labelled as of one person, and their cosine."""

    first: str
    second: str
    same: bool
    cosine: float


class AllPairsResult(Result):
    """All pairs of labelled pictures: true match rate at fixed false match rates."""

    evaluation: Literal["all pairs"] = "all pairs"
    images: int
    people: int
    faceless: int
    """Pictures left out because no face was found or they could not be read."""

    genuine_pairs: int
    impostor_pairs: int
    points: tuple[MatchPoint, ...]
    roc: tuple[tuple[float, float], ...] = ()
    """False match rate and true match rate."""

    closest: tuple[WrongPair, ...] = ()
    """The pairs of strangers that are most alike, best first. Where labels are wrong, it shows here."""

    def tables(self) -> list[Table]:
        """True match rate by false match rate."""
        rows = [
            (
                f"{point.false_match_rate:.0e}" + ("" if point.resolved else " *"),
                f"{point.threshold:.3f}",
                f"{point.similarity:.3f}",
                point.true_match_rate.percent(),
            )
            for point in self.points
        ]
        notes = [
            f"{self.data}: {self.images:,} pictures of {self.people:,} people, {self.genuine_pairs:,} mated and "
            f"{self.impostor_pairs:,} other pairs; {self.faceless} pictures left out; {self.models}. Intervals: 95 %, by drawing "
            "people again and again."
        ]
        if not all(point.resolved for point in self.points):
            notes.append(f"\\* fewer than {MIN_IMPOSTOR_PAIRS} pairs of strangers stand behind the rate.")
        columns = ("false match rate", "cosine", "similarity", "true match rate")
        return [Table("Verification, all pairs", columns, rows, notes)]

    def charts(self) -> list[Chart]:
        """The ROC."""
        series = [(self.models, [point for point in self.roc if point[0] > 0])]
        return [Chart("roc", "Verification, all pairs", "false match rate", "true match rate", series, x_scale="log")]


def all_pairs_result(
    pairs: AllPairs, names: Sequence[str], scale: Calibration, *, data: str, models: str, people: int, faceless: int
) -> AllPairsResult:
    """Measure all pairs of pictures, which ``names`` names."""
    points = []
    for rate in FALSE_MATCH_RATES:
        threshold = threshold_at(pairs.impostor, rate)
        points.append(
            MatchPoint(
                false_match_rate=rate,
                threshold=threshold,
                similarity=scale.similarity(threshold),
                false_matches=pairs.impostor.size - count_below(pairs.impostor, threshold),
                true_match_rate=clustered_rate_among(pairs.genuine >= threshold, pairs.person),
                resolved=rate * pairs.impostor.size >= MIN_IMPOSTOR_PAIRS,
            )
        )
    return AllPairsResult(
        data=data,
        models=models,
        images=len(names),
        people=people,
        faceless=faceless,
        genuine_pairs=pairs.genuine.size,
        impostor_pairs=pairs.impostor.size,
        points=tuple(points),
        roc=roc(pairs.genuine, pairs.impostor),
        closest=tuple(
            WrongPair(first=names[one], second=names[other], same=False, cosine=cosine)
            for one, other, cosine in pairs.closest
        ),
    )


def roc(genuine: Floats, impostor: Floats) -> tuple[tuple[float, float], ...]:
    """False and true match rates, evenly spaced in the logarithm of the former; ``impostor`` is ascending."""
    ordered = np.sort(genuine)
    rates = np.geomspace(max(1e-6, 1 / impostor.size), 1, ROC_POINTS)
    thresholds = [threshold_at(impostor, float(rate)) for rate in rates]
    return tuple((share_reaching(impostor, each), share_reaching(ordered, each)) for each in thresholds)


class NamedPairsResult(Result):
    """Named pairs, such as LFW's: how many are judged right."""

    evaluation: Literal["named pairs"] = "named pairs"
    pairs: int
    mated: int
    faceless: int
    """Pairs with a picture without a face; they count as no match."""

    best: Rate
    """At the threshold that is best on these very pairs."""

    best_threshold: float
    trained: Rate | None = None
    """At the threshold that is best on the pairs kept for training, where the list has such."""

    trained_threshold: float | None = None
    folds: tuple[float, ...]
    """Accuracy on each of ten folds, the threshold taken from the other nine."""

    false_matches: Rate
    """Pairs of strangers that reach a similarity of 0.93."""

    false_non_matches: Rate
    """Mated pairs that do not."""

    wrong: tuple[WrongPair, ...] = ()

    def tables(self) -> list[Table]:
        """Accuracy by protocol, and the errors at the advised threshold."""
        folds = np.array(self.folds)
        error = folds.std(ddof=1) / np.sqrt(folds.size)
        rows = [
            ("right at the best threshold", f"{self.best_threshold:.3f}", self.best.percent()),
            (
                "right, ten folds",
                "of the other nine",
                f"{folds.mean():.2%} ± {error:.2%} standard error".replace("%", " %"),
            ),
            (f"strangers that reach {MATCH_THRESHOLD}", "", self.false_matches.percent()),
            (f"mated pairs that miss {MATCH_THRESHOLD}", "", self.false_non_matches.percent()),
        ]
        if self.trained is not None and self.trained_threshold is not None:
            row = ("right at the training pairs' threshold", f"{self.trained_threshold:.3f}", self.trained.percent())
            rows.insert(1, row)
        note = f"{self.data}: {self.pairs:,} pairs, {self.mated:,} of them mated; {self.faceless} without a face; {self.models}. "
        return [
            Table("Verification, named pairs", ("what", "cosine", "share"), rows, [note + "Intervals: 95 %, Wilson."])
        ]


def named_pairs_result(
    cosines: Floats,
    same: Booleans,
    names: Sequence[tuple[str, str]],
    scale: Calibration,
    *,
    data: str,
    models: str,
    training: tuple[Floats, Booleans] | None = None,
    folds: Integers | None = None,
) -> NamedPairsResult:
    """Measure named pairs; the cosine of a pair without a face is NaN.

    ``training`` are cosines and truths of further pairs to take a threshold from; ``folds`` are numbers, shape (pairs,).
    """
    faceless = int(np.isnan(cosines).sum())
    cosines = np.nan_to_num(cosines, nan=-1.0)
    threshold, right = best_threshold(cosines, same)
    trained_threshold, trained = None, None
    if training is not None:
        trained_threshold, _ = best_threshold(np.nan_to_num(training[0], nan=-1.0), training[1])
        trained = rate_among((cosines >= trained_threshold) == same)
    passed = cosines >= scale.cosine(MATCH_THRESHOLD)
    (wrong,) = np.nonzero((cosines >= threshold) != same)
    return NamedPairsResult(
        data=data,
        models=models,
        pairs=same.size,
        mated=int(same.sum()),
        faceless=faceless,
        best=rate_of(right, same.size),
        best_threshold=threshold,
        trained=trained,
        trained_threshold=trained_threshold,
        folds=tuple(tenfold(cosines, same, dealt_folds(same) if folds is None else folds)),
        false_matches=rate_among(passed[~same]),
        false_non_matches=rate_among(~passed[same]),
        wrong=tuple(
            WrongPair(
                first=names[place][0], second=names[place][1], same=bool(same[place]), cosine=float(cosines[place])
            )
            for place in wrong[:SHOWN_ERRORS]
        ),
    )
