"""Error rates at the match threshold by condition: groups of people, damages and poses."""

from typing import Literal

from openfrs.recognition.similarity import MATCH_THRESHOLD

from .rates import Rate
from .results import Part, Result, Table


class Condition(Part):
    """The error rates of one condition, with score normalisation and without; None where they are not measured."""

    condition: str
    faces: int
    faceless: int = 0
    """Images without a face; they are in no rate."""

    false_matches: Rate | None = None
    false_matches_plain: Rate | None = None
    true_matches: Rate | None = None
    true_matches_plain: Rate | None = None


class ConditionsResult(Result):
    """Error rates at a similarity of 0.93 by condition."""

    evaluation: Literal["conditions"] = "conditions"
    title: str
    note: str
    """Description of the pairs."""

    score: float
    """Score at the similarity."""

    plain: float
    """Cosine that decides without normalisation."""

    conditions: tuple[Condition, ...]

    def tables(self) -> list[Table]:
        """False and true match rates by condition; columns without a rate are left out."""
        columns = ["condition", "faces"]
        cells = [[row.condition, f"{row.faces:,}"] for row in self.conditions]
        for name, kind in (("false match rate", "false_matches"), ("true match rate", "true_matches")):
            if all(getattr(row, kind) is None for row in self.conditions):
                continue
            columns += [name, f"{name} without normalisation"]
            written = scientific if kind == "false_matches" else _percent
            for row, cell in zip(self.conditions, cells, strict=True):
                cell += [written(getattr(row, kind)), written(getattr(row, f"{kind}_plain"))]
        note = (
            f"{self.data}; {self.models}. {self.note} At a similarity of {MATCH_THRESHOLD} (score {self.score:.3f}); without "
            f"normalisation at a cosine of {self.plain:.3f}, the false match rate of 1e-4 on press photographs. Intervals: 95 %, "
            "bootstrap over faces."
        )
        return [Table(self.title, columns, cells, [note])]


def scientific(rate: Rate | None) -> str:
    """Format a false match rate as ``1.2e-04 (0.8e-04 to 1.9e-04)``."""
    if rate is None or not rate.trials:
        return "-"
    return f"{rate.rate:.1e} ({rate.low:.1e} to {rate.high:.1e})"


def _percent(rate: Rate | None) -> str:
    return "-" if rate is None else rate.percent(1)
