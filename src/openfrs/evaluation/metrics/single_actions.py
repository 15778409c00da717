"""Action liveness on single actions that are cut out of labelled clips."""

from typing import Literal

from openfrs.recognition.liveness.types import Action

from .rates import Rate
from .results import Part, Result, Table


class SingleAction(Part):
    """How often an action is recognised, with nothing wrong before it."""

    kind: str
    """``live``, or the kind of attack."""

    action: int
    rest: int
    """Milliseconds of rest before and after the labelled action."""

    recognised: Rate


class SingleActionsResult(Result):
    """Recognition of single turns and nods."""

    evaluation: Literal["single-actions"] = "single-actions"
    actions: tuple[SingleAction, ...]

    def tables(self) -> list[Table]:
        """One row for each kind of video, action and rest."""
        rows = [
            (
                each.kind,
                Action(each.action).name.lower().replace("_", " "),
                f"{each.rest / 1000:g}",
                f"{each.recognised.hits} of {each.recognised.trials}",
            )
            for each in self.actions
        ]
        note = f"{self.data}; {self.models}. The samples do not count: a short cut has few."
        return [Table("Single actions", ("kind", "action", "rest (s)", "recognised"), rows, [note])]
