"""Verification: true match rates and accuracy for pairs of images."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from openfrs.recognition.similarity import MATCH_THRESHOLD, MIN_IMPOSTOR_PAIRS, Calibration

from .pairs import (
    AllPairs,
    assign_folds,
    best_threshold,
    count_below,
    cross_validated_accuracy,
    share_reaching,
    threshold_at,
)
from .rates import Booleans, Floats, Integers, Mean, Rate, clustered_rate_among, mean_of, rate_among, rate_of
from .results import Chart, Part, Result, Table

FALSE_MATCH_RATES: Final = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
ROC_POINTS: Final = 61
MAX_WRONG_PAIRS: Final = 50


class MatchPoint(Part):
    """The true match rate at a false match rate."""

    false_match_rate: float
    """Target rate; the threshold is the smallest that does not exceed it."""

    threshold: float
    """Score."""

    similarity: float
    false_matches: int
    true_match_rate: Rate
    resolved: bool
    """True if the rate is estimated from at least 30 impostor pairs."""


class WrongPair(Part):
    """A pair of images, its label, and its score: the cosine plus both biases, so 1 for equal images only without a cohort."""

    first: str
    second: str
    same: bool
    score: float


class AllPairsResult(Result):
    """All pairs of labelled images: true match rate at fixed false match rates."""

    evaluation: Literal["all pairs"] = "all pairs"
    images: int
    people: int
    faceless: int
    """Number of images without a detected face, or unreadable."""

    genuine_pairs: int
    impostor_pairs: int
    points: tuple[MatchPoint, ...]
    by_person: Mean | None = None
    """Mean over people of their true match rate at a similarity of 0.93: each person counts equally."""

    independent: Rate | None = None
    """True match rate at a similarity of 0.93 of the first two images of each person: no two pairs share a person."""

    roc: tuple[tuple[float, float], ...] = ()
    """Points of (false match rate, true match rate)."""

    closest: tuple[WrongPair, ...] = ()
    """The most similar impostor pairs, best first; they reveal wrong labels."""

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
            f"{self.data}: {self.images:,} images of {self.people:,} people, {self.genuine_pairs:,} mated and "
            f"{self.impostor_pairs:,} impostor pairs; {self.faceless} images without a face; {self.models}. Intervals: 95 %, "
            "bootstrap over people."
        ]
        if self.by_person is not None and self.independent is not None:
            notes.append(
                f"True match rate at {MATCH_THRESHOLD} with each person equal: {self.by_person.percent()}; with one pair of each "
                f"person: {self.independent.percent()}."
            )
        if not all(point.resolved for point in self.points):
            notes.append(f"\\* estimated from fewer than {MIN_IMPOSTOR_PAIRS} impostor pairs.")
        columns = ("false match rate", "score", "similarity", "true match rate")
        return [Table("Verification, all pairs", columns, rows, notes)]

    def charts(self) -> list[Chart]:
        """The ROC and the DET curve."""
        title, rate = "Verification, all pairs", "false match rate"
        matched = [(self.models, [point for point in self.roc if point[0] > 0])]
        missed = [(self.models, [(x, 1 - y) for x, y in self.roc if x > 0 and y < 1])]
        return [
            Chart("roc", title, rate, "true match rate", matched, x_scale="log"),
            Chart("det", title, rate, "false non-match rate", missed, x_scale="log", y_scale="log"),
        ]


def all_pairs_result(
    pairs: AllPairs, names: Sequence[str], scale: Calibration, *, data: str, models: str, people: int, faceless: int
) -> AllPairsResult:
    """Measure all pairs of the images with these ``names``."""
    points = []
    matched = pairs.genuine >= scale.score(MATCH_THRESHOLD)
    _, firsts, person = np.unique(pairs.person, return_index=True, return_inverse=True)
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
        by_person=mean_of(np.bincount(person, weights=matched) / np.bincount(person)),
        independent=rate_among(matched[firsts]),
        roc=roc(pairs.genuine, pairs.impostor),
        closest=tuple(
            WrongPair(first=names[first], second=names[second], same=False, score=score)
            for first, second, score in pairs.closest
        ),
    )


def roc(genuine: Floats, impostor: Floats) -> tuple[tuple[float, float], ...]:
    """Return false and true match rates, spaced logarithmically by the former; ``impostor`` is ascending."""
    ordered = np.sort(genuine)
    rates = np.geomspace(max(1e-6, 1 / impostor.size), 1, ROC_POINTS)
    thresholds = [threshold_at(impostor, float(rate)) for rate in rates]
    return tuple((share_reaching(impostor, each), share_reaching(ordered, each)) for each in thresholds)


class NamedPairsResult(Result):
    """Accuracy for named pairs, such as those of LFW."""

    evaluation: Literal["named pairs"] = "named pairs"
    pairs: int
    mated: int
    faceless: int
    """Number of pairs with an image without a face; they count as non-matches."""

    best: Rate
    """Accuracy at the best threshold for these pairs."""

    best_threshold: float
    trained: Rate | None = None
    """Accuracy at the best threshold for the training pairs, if there are any."""

    trained_threshold: float | None = None
    folds: tuple[float, ...]
    """Accuracy of each of ten folds at the best threshold of the other nine."""

    false_matches: Rate
    """Impostor pairs that reach a similarity of 0.93."""

    false_non_matches: Rate
    """Mated pairs that do not reach a similarity of 0.93."""

    wrong: tuple[WrongPair, ...] = ()

    def tables(self) -> list[Table]:
        """Accuracy by protocol, and the error rates at a similarity of 0.93."""
        folds = np.array(self.folds)
        error = folds.std(ddof=1) / np.sqrt(folds.size)
        rows = [
            ("accuracy at the best threshold", f"{self.best_threshold:.3f}", self.best.percent()),
            (
                "accuracy, ten folds",
                "from the other nine",
                f"{folds.mean():.2%} ± {error:.2%} standard error".replace("%", " %"),
            ),
            (f"false match rate at {MATCH_THRESHOLD}", "", self.false_matches.percent()),
            (f"false non-match rate at {MATCH_THRESHOLD}", "", self.false_non_matches.percent()),
        ]
        if self.trained is not None and self.trained_threshold is not None:
            row = ("accuracy at the training pairs' threshold", f"{self.trained_threshold:.3f}", self.trained.percent())
            rows.insert(1, row)
        note = f"{self.data}: {self.pairs:,} pairs, {self.mated:,} of them mated; {self.faceless} without a face; {self.models}. "
        return [
            Table("Verification, named pairs", ("measure", "score", "rate"), rows, [note + "Intervals: 95 %, Wilson."])
        ]


def named_pairs_result(
    scores: Floats,
    same: Booleans,
    names: Sequence[tuple[str, str]],
    scale: Calibration,
    *,
    data: str,
    models: str,
    training: tuple[Floats, Booleans] | None = None,
    folds: Integers | None = None,
) -> NamedPairsResult:
    """Measure named pairs; the score of a pair without a face is NaN.

    ``training`` are the scores and labels of the training pairs; ``folds`` are numbers, shape (pairs,).
    """
    faceless = int(np.isnan(scores).sum())
    scores = np.nan_to_num(scores, nan=-1.0)
    threshold, correct = best_threshold(scores, same)
    trained_threshold, trained = None, None
    if training is not None:
        trained_threshold, _ = best_threshold(np.nan_to_num(training[0], nan=-1.0), training[1])
        trained = rate_among((scores >= trained_threshold) == same)
    passed = scores >= scale.score(MATCH_THRESHOLD)
    (wrong,) = np.nonzero((scores >= threshold) != same)
    return NamedPairsResult(
        data=data,
        models=models,
        pairs=same.size,
        mated=int(same.sum()),
        faceless=faceless,
        best=rate_of(correct, same.size),
        best_threshold=threshold,
        trained=trained,
        trained_threshold=trained_threshold,
        folds=tuple(cross_validated_accuracy(scores, same, assign_folds(same) if folds is None else folds)),
        false_matches=rate_among(passed[~same]),
        false_non_matches=rate_among(~passed[same]),
        wrong=tuple(
            WrongPair(first=names[index][0], second=names[index][1], same=bool(same[index]), score=float(scores[index]))
            for index in wrong[:MAX_WRONG_PAIRS]
        ),
    )
