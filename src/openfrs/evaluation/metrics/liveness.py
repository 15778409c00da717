"""Liveness: APCER and BPCER as defined by ISO/IEC 30107-3."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import Field

from openfrs.core.errors import OperatorError

from .rates import Booleans, Floats, Rate, clustered_rate_among, rate_among, rate_of
from .results import Chart, Part, Result, Table

THRESHOLD: Final = 0.5
ATTACK_RATES: Final = (0.10, 0.05, 0.01)

MIN_FACES_OF_WORST: Final = 10
"""Fewest faces of the source that is named as the worst."""


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
    """Points of (maximum APCER of any kind, BPCER)."""

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
    scored = _Presentations(np.nan_to_num(scores.astype(np.float64), nan=-np.inf), people, clips)
    names = np.array(kinds)
    attacks = {str(kind): ~live & (names == kind) for kind in sorted(set(names[~live]))}
    thresholds = np.unique(np.concatenate([scored.scores[np.isfinite(scored.scores)], [np.inf]]))
    apcer = {kind: scored.share_reaching(attack, thresholds) for kind, attack in attacks.items()}
    worst = np.max([*apcer.values()], axis=0)
    bpcer = 1 - scored.share_reaching(live, thresholds)
    equal_rate, equal_threshold = _equal_error(scored.share_reaching(~live, thresholds), bpcer, thresholds)
    points = []
    for limit in ATTACK_RATES:
        strict = float(thresholds[np.nonzero(worst <= limit)[0][0]])
        points.append(
            LivenessPoint(attack_rate=limit, threshold=_finite(strict), refused=scored.rejected(live, strict))
        )
    return LivenessResult(
        data=data,
        models=models,
        threshold=threshold,
        kinds=tuple(scored.attack_kind(kind, attack, threshold) for kind, attack in attacks.items()),
        refused=scored.rejected(live, threshold),
        refused_clips=_complement(scored.passing_clips(live, threshold)),
        equal_error_rate=equal_rate,
        equal_error_threshold=equal_threshold,
        points=tuple(points),
        people=len(set(people)),
        curve=_points(worst, bpcer),
        roc={kind: _points(rates, 1 - bpcer) for kind, rates in apcer.items()},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Presentations:
    """The scores of presentations, with their people and clips if these are known."""

    scores: Floats
    """Minus infinity for an image without a face."""

    people: Sequence[str]
    clips: Sequence[str]

    def share_reaching(self, subset: Booleans, thresholds: Floats) -> Floats:
        """Return the share of a subset that reaches each threshold."""
        scores = np.sort(self.scores[subset])
        return np.asarray(1 - np.searchsorted(scores, thresholds, side="left") / scores.size)

    def rejected(self, subset: Booleans, threshold: float) -> Rate:
        """Return the rate of a subset that does not reach a threshold."""
        return self._rate(self.scores[subset] < threshold, subset)

    def attack_kind(self, kind: str, attack: Booleans, threshold: float) -> AttackKind:
        """Return the rates of a kind of attack that pass."""
        passed = self._rate(self.scores[attack] >= threshold, attack)
        return AttackKind(kind=kind, passed=passed, clips=self.passing_clips(attack, threshold))

    def passing_clips(self, subset: Booleans, threshold: float) -> Rate | None:
        """Return the rate of clips whose median score passes, or None without clips."""
        if not self.clips:
            return None
        names = np.array(self.clips)
        medians = [np.median(self.scores[names == clip]) for clip in sorted(set(names[subset]))]
        return rate_among(np.array(medians) >= threshold)

    def _rate(self, hits: Booleans, subset: Booleans) -> Rate:
        if not self.people:
            return rate_among(hits)
        clusters = np.unique(np.array(self.people), return_inverse=True)[1]
        return clustered_rate_among(hits, clusters[subset])


def _equal_error(apcer: Floats, bpcer: Floats, thresholds: Floats) -> tuple[float, float]:
    """Return the EER and its threshold."""
    equal = int(np.abs(apcer - bpcer).argmin())
    return float(apcer[equal] + bpcer[equal]) / 2, _finite(float(thresholds[equal]))


def _finite(threshold: float) -> float:
    """Limit a threshold to values that JSON can represent."""
    return min(threshold, 1e9)


def _points(x_values: Floats, y_values: Floats) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in zip(x_values, y_values, strict=True))


def _complement(passed: Rate | None) -> Rate | None:
    """Return the rate of clips that do not pass."""
    return passed and rate_of(passed.trials - passed.hits, passed.trials)


def _clips(rate: Rate | None) -> str:
    return f"{rate.hits} of {rate.trials} ({100 * rate.low:.0f} to {100 * rate.high:.0f} %)" if rate else ""


class CueTrial(Part):
    """Error rates, 0..1, by name, of one combination of cues on samples left out of its training."""

    cues: str
    figures: dict[str, float]


class CueTrialsResult(Result):
    """Comparison of cues for silent liveness."""

    evaluation: Literal["liveness-tried"] = "liveness-tried"
    tried: tuple[CueTrial, ...]

    def tables(self) -> list[Table]:
        """One row for each combination of cues, in per cent."""
        rows = [(each.cues, *(f"{100 * share:.1f}" for share in each.figures.values())) for each in self.tried]
        columns = ("cues", *self.tried[0].figures)
        return [Table("Cues of silent liveness", columns, rows, [f"In per cent. {self.data}; {self.models}."])]


class LivenessSource(Part):
    """BPCER and, if there are attacks, APCER of one camera or set at the default threshold."""

    source: str
    refused: Rate
    passed: Rate | None


class LivenessSourcesResult(Result):
    """Error rates by camera or set."""

    evaluation: Literal["liveness-sources"] = "liveness-sources"
    sources: tuple[LivenessSource, ...]
    people: int
    """Number of people before webcams whose own error rate is known."""

    refused_by_person: tuple[float, ...]
    """Median, 90th percentile and maximum of their BPCER, 0..1."""

    def tables(self) -> list[Table]:
        """One row for each source."""
        rows = [
            (
                each.source,
                f"{each.refused.trials:,}",
                each.refused.percent(1),
                f"{each.passed.trials:,}" if each.passed else "",
                each.passed.percent(1) if each.passed else "",
            )
            for each in self.sources
        ]
        median, high, worst = (f"{100 * share:.0f} %" for share in self.refused_by_person)
        note = (
            f"{self.data}; {self.models}. Intervals: 95 %, bootstrap over people. Of {self.people} people before webcams, the "
            f"BPCER is {median} (median), {high} (90th percentile) and {worst} (worst). Of the cameras with at least "
            f"{MIN_FACES_OF_WORST} faces, the worst are {self._worst()}."
        )
        columns = ("source", "live faces", "BPCER", "attacks", "APCER")
        return [Table("Silent liveness by source", columns, rows, [note])]

    def _worst(self) -> str:
        """Name the cameras with the largest BPCER and APCER."""
        cameras = [each for each in self.sources if each.source.startswith("camera")]
        errors = {
            "BPCER": [(each.refused, each.source) for each in cameras],
            "APCER": [(each.passed, each.source) for each in cameras if each.passed],
        }
        parts = []
        for measure, rates in errors.items():
            counted = [(rate.rate, source) for rate, source in rates if rate.trials >= MIN_FACES_OF_WORST]
            if counted:
                share, source = max(counted)
                parts.append(f"{source} ({measure} {100 * share:.1f} %)")
        return " and ".join(parts) or "not known"
