"""What an evaluation says: numbers for machines, tables for people, curves for plots."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Table:
    """A table as people read it, on a terminal or on a page."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self, *, titled: bool = False) -> str:
        """The table in Markdown, ending in a line break; a title above and notes below where asked for."""
        lines = ["| " + " | ".join(row) + " |" for row in [self.columns, ["---"] * len(self.columns), *self.rows]]
        if titled:
            lines = [f"### {self.title}", "", *lines]
            for note in self.notes:
                lines += ["", note]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves over one pair of axes; each series is a name and its points (x, y)."""

    name: str
    """Becomes the name of the plot's file."""

    title: str
    x: str
    y: str
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]]
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    marks: Sequence[tuple[str, float]] = field(default=())
    """Vertical lines, with what each stands for."""


class Part(BaseModel):
    """A part of a result: fields that are written as JSON and read back."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(Part):
    """The result of one evaluation."""

    data: str
    """The pictures it was made from, in words."""

    models: str
    """What was measured: the embedder, detector or whatever else made the answers."""

    def tables(self) -> list[Table]:
        """What to show."""
        raise NotImplementedError

    def charts(self) -> list[Chart]:
        """What to plot."""
        return []
