"""Liveness: APCER and BPCER as defined by ISO/IEC 30107-3."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from pydantic import Field

from openfrs.core.errors import OperatorError

from .rates import Booleans, Floats, Rate, clustered_rate_among, rate_among, rate_of
from .results import Chart, Part, Result, Table

THRESHOLD: Final = 0.5
ATTACK_RATES: Final = (0.10, 0.05, 0.01)


class AttackKind(Part):
    """APCER for one kind of attack."""

    kind: str
    passed: Rate
    clips: Rate | None = None
    """APCER of clips: a clip passes if at least half of its images do."""


class LivenessPoint(Part):
    """The threshold at which no kind of attack exceeds an APCER, and the BPCER at it."""

    attack_rate: float
    threshold: float
    refused: Rate


class LivenessResult(Result):
    """APCER by kind of attack, BPCER, and their trade-off."""

    evaluation: Literal["liveness"] = "liveness"
    threshold: float
    kinds: tuple[AttackKind, ...]
    refused: Rate
    """BPCER."""

    refused_clips: Rate | None = None
    """BPCER of clips: a clip is rejected if more than half of its images are."""

    equal_error_rate: float
    """EER: BPCER equals the APCER of all attacks together."""

    equal_error_threshold: float
    points: tuple[LivenessPoint, ...]
    people: int = 0
    """Number of people, or 0 if unknown."""

    curve: tuple[tuple[float, float], ...] = ()
    """Points of (greatest APCER of any kind, BPCER)."""

    roc: dict[str, tuple[tuple[float, float], ...]] = Field(default_factory=dict)
    """For each kind, points of (APCER, 1 - BPCER)."""

    def tables(self) -> list[Table]:
        """Error rates at the threshold, and BPCER at fixed APCER."""
        at = f"{self.threshold:.3f}"
        rows = [(f"APCER, {each.kind}", at, each.passed.percent(1), _clips(each.clips)) for each in self.kinds]
        rows.append(("BPCER", at, self.refused.percent(1), _clips(self.refused_clips)))
        error = f"{100 * self.equal_error_rate:.1f} %"
        rows.append(("EER", f"{self.equal_error_threshold:.3f}", error, ""))
        for point in self.points:
            name = f"BPCER at an APCER of at most {100 * point.attack_rate:g} % for each kind"
            rows.append((name, f"{point.threshold:.3f}", point.refused.percent(1), ""))
        drawn = (
            f"bootstrap over {self.people} people"
            if self.people
            else "Wilson, although images of one clip or person are not independent"
        )
        note = f"{self.data}; {self.models}. Intervals: 95 %, {drawn}."
        columns = ("measure", "threshold", "images", "clips")
        shown = 3 if self.refused_clips is None else 4
        if self.refused_clips:
            note += " A clip counts by its median; a session of prints counts as a clip."
        return [Table("Liveness", columns[:shown], [row[:shown] for row in rows], [note])]

    def charts(self) -> list[Chart]:
        """BPCER by APCER, and the ROC of each kind of attack."""
        return [
            Chart("liveness", "Liveness", "APCER of the worst kind", "BPCER", [(self.models, self.curve)]),
            Chart("roc", "Liveness by kind of attack", "APCER", "1 - BPCER", list(self.roc.items())),
        ]


def liveness_result(
    live: Booleans,
    kinds: Sequence[str],
    scores: Floats,
    *,
    data: str,
    models: str,
    threshold: float = THRESHOLD,
    people: Sequence[str] = (),
    clips: Sequence[str] = (),
) -> LivenessResult:
    """Measure liveness scores, shape (n,); ``kinds`` names the attacks and is ignored for live presentations.

    ``people`` names the person of each presentation, if known: intervals are then bootstrapped over people. ``clips`` names the
    clip of each; a clip has one kind. A presentation passes from a score of ``threshold``; NaN, for an image without a face,
    never passes.

    Raises:
        OperatorError: there are no live presentations or no attacks.
    """
    if live.all() or not live.any():
        raise OperatorError("liveness needs both live presentations and attacks")
    scores = np.nan_to_num(scores.astype(np.float64), nan=-np.inf)
    names = np.array(kinds)
    attacks = {str(kind): ~live & (names == kind) for kind in sorted(set(names[~live]))}
    clusters = np.unique(np.array(people or range(live.size)), return_inverse=True)[1]

    def rate(hits: Booleans, of: Booleans) -> Rate:
        return clustered_rate_among(hits, clusters[of]) if people else rate_among(hits)

    thresholds = np.unique(np.concatenate([scores[np.isfinite(scores)], [np.inf]]))
    apcer = {kind: _reaching(scores[of], thresholds) for kind, of in attacks.items()}
    worst = np.max([*apcer.values()], axis=0)
    bpcer = 1 - _reaching(scores[live], thresholds)
    equal_rate, equal_threshold = _equal_error(_reaching(scores[~live], thresholds), bpcer, thresholds)
    points = []
    for limit in ATTACK_RATES:
        strict = float(thresholds[np.nonzero(worst <= limit)[0][0]])
        points.append(
            LivenessPoint(attack_rate=limit, threshold=_finite(strict), refused=rate(scores[live] < strict, live))
        )
    return LivenessResult(
        data=data,
        models=models,
        threshold=threshold,
        kinds=tuple(
            AttackKind(
                kind=kind,
                passed=rate(scores[of] >= threshold, of),
                clips=_passing_clips(scores, of, clips, threshold),
            )
            for kind, of in attacks.items()
        ),
        refused=rate(scores[live] < threshold, live),
        refused_clips=_complement(_passing_clips(scores, live, clips, threshold)),
        equal_error_rate=equal_rate,
        equal_error_threshold=equal_threshold,
        points=tuple(points),
        people=len(set(people)),
        curve=_points(worst, bpcer),
        roc={kind: _points(rates, 1 - bpcer) for kind, rates in apcer.items()},
    )


def _equal_error(apcer: Floats, bpcer: Floats, thresholds: Floats) -> tuple[float, float]:
    """Return the EER and its threshold."""
    equal = int(np.abs(apcer - bpcer).argmin())
    return float(apcer[equal] + bpcer[equal]) / 2, _finite(float(thresholds[equal]))


def _finite(threshold: float) -> float:
    """Limit a threshold to values that JSON can represent."""
    return min(threshold, 1e9)


def _passing_clips(scores: Floats, of: Booleans, clips: Sequence[str], threshold: float) -> Rate | None:
    """Return the rate of clips whose median score passes, or None without clips."""
    if not clips:
        return None
    names = np.array(clips)
    return rate_among(np.array([np.median(scores[names == clip]) >= threshold for clip in sorted(set(names[of]))]))


def _reaching(scores: Floats, thresholds: Floats) -> Floats:
    """Return the share of scores that reach each threshold."""
    return np.asarray(1 - np.searchsorted(np.sort(scores), thresholds, side="left") / scores.size)


def _points(across: Floats, up: Floats) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in zip(across, up, strict=True))


def _complement(passed: Rate | None) -> Rate | None:
    return passed and rate_of(passed.trials - passed.hits, passed.trials)


def _clips(rate: Rate | None) -> str:
    return f"{rate.hits} of {rate.trials}" if rate else ""


class CueTrial(Part):
    """Error rates, 0..1, of one set of cues, cross-validated over people."""

    cues: str
    passed: dict[str, float]
    """APCER by kind."""

    refused: float
    """BPCER."""

    refused_in_clips: float
    """BPCER in clips only, without the live images of the set of prints."""

    equal_error_rate: float
    ordinary: dict[str, float]
    """BPCER on photographs of other data sets, by set."""


class CueTrialsResult(Result):
    """Comparison of cues for silent liveness."""

    evaluation: Literal["liveness-tried"] = "liveness-tried"
    tried: tuple[CueTrial, ...]

    def tables(self) -> list[Table]:
        """One row for each set of cues, in per cent."""
        kinds, sets = (list(getattr(self.tried[0], name)) for name in ("passed", "ordinary"))
        rows = [
            (
                each.cues,
                *(f"{100 * share:.1f}" for share in each.passed.values()),
                *(f"{100 * share:.1f}" for share in (each.refused, each.refused_in_clips, each.equal_error_rate)),
                *(f"{100 * share:.1f}" for share in each.ordinary.values()),
            )
            for each in self.tried
        ]
        columns = ("cues", *(f"APCER, {kind}" for kind in kinds), "BPCER", "BPCER, clips", "EER", *sets)
        return [Table("Cues of silent liveness", columns, rows, [f"In per cent. {self.data}; {self.models}."])]
