"""Silent liveness clip by clip, and the faces that it decides wrongly, in numbers."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from .rates import Booleans, Floats, Rate, rate_among
from .results import Part, Result, Table


class ClipRate(Part):
    """How many images of one clip pass."""

    person: str
    kind: str
    """``live``, or the kind of attack."""

    passed: Rate


class LivenessByClipResult(Result):
    """The share of images that pass, by clip."""

    evaluation: Literal["liveness-by-clip"] = "liveness-by-clip"
    clips: tuple[ClipRate, ...]

    def tables(self) -> list[Table]:
        """One row for each clip."""
        rows = [(each.kind, each.person, f"{each.passed.trials}", each.passed.percent(1)) for each in self.clips]
        note = f"{self.data}; {self.models}. Intervals: 95 %, Wilson, although images of one clip are not independent."
        return [Table("Silent liveness by clip", ("shown", "person", "images", "counted as live"), rows, [note])]


class Failures(Part):
    """The wrongly decided faces of one kind in one source."""

    source: str
    kind: str
    """``live``, or the kind of attack."""

    wrong: Rate
    confidences: tuple[float, float]
    """Median confidence of the wrong ones, 0..1, and that of the most wrong one."""

    cue: str
    """The cue that deviates most in the wrong direction from faces of this label that are decided correctly."""

    deviation: float
    """Mean of that deviation in log odds, at most 0."""


class LivenessFailuresResult(Result):
    """The faces that are decided wrongly, by source and kind."""

    evaluation: Literal["liveness-failures"] = "liveness-failures"
    failures: tuple[Failures, ...]

    def tables(self) -> list[Table]:
        """One row for each kind in each source that has wrongly decided faces."""
        rows = [
            (
                each.source,
                each.kind,
                f"{each.wrong.hits} of {each.wrong.trials}",
                *(f"{value:.2f}" for value in each.confidences),
                f"{each.cue} ({each.deviation:.1f})",
            )
            for each in self.failures
        ]
        columns = ("source", "shown", "wrong", "median confidence", "most wrong", "misleading cue (log odds)")
        note = (
            f"{self.data}; {self.models}. The misleading cue is the one that differs most, in the wrong direction, from faces of "
            "the same label that are decided correctly."
        )
        return [Table("Wrong decisions of silent liveness", columns, rows, [note])]


def failures_of(
    live: Booleans,
    sources: Sequence[str],
    kinds: Sequence[str],
    confidences: Floats,
    contributions: Mapping[str, Floats],
    threshold: float,
) -> tuple[Failures, ...]:
    """Group the faces decided wrongly by source and kind.

    All have shape (n,); ``kinds`` is ignored for live faces. ``contributions`` are log odds by cue. Images without a face,
    whose confidence is NaN, do not count.
    """
    has_face = np.isfinite(confidences)
    wrong = has_face & ((confidences >= threshold) != live)
    shown = np.where(live, "live", np.array(kinds))
    names = np.array(sources)
    toward = np.where(live, 1.0, -1.0)
    groups = []
    for source, kind in sorted(
        {(str(source), str(kind)) for source, kind in zip(names[wrong], shown[wrong], strict=True)}
    ):
        members = has_face & (names == source) & (shown == kind)
        failed = members & wrong
        correct = has_face & ~wrong & (live == live[failed][0])
        deviations = {
            cue: float((toward[failed] * (values[failed] - values[correct].mean())).mean())
            for cue, values in contributions.items()
        }
        cue = min(deviations, key=lambda name: deviations[name])
        worst = confidences[failed].min() if live[failed][0] else confidences[failed].max()
        groups.append(
            Failures(
                source=source,
                kind=kind,
                wrong=rate_among(wrong[members]),
                confidences=(float(np.median(confidences[failed])), float(worst)),
                cue=cue,
                deviation=deviations[cue],
            )
        )
    return tuple(groups)
