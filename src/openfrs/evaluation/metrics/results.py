"""Results of evaluations: data for JSON files, tables and charts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Table:
    """A table for the terminal or a page."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self, *, titled: bool = False) -> str:
        """Return the table in Markdown, optionally with its title and notes."""
        lines = ["| " + " | ".join(row) + " |" for row in [self.columns, ["---"] * len(self.columns), *self.rows]]
        if titled:
            lines = [f"### {self.title}", "", *lines]
            for note in self.notes:
                lines += ["", note]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves in one pair of axes; each series is a name and its points (x, y)."""

    name: str
    """Used in the file name of the plot."""

    title: str
    x: str
    y: str
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]]
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    marks: Sequence[tuple[str, float]] = field(default=())
    """Labels and positions of vertical lines."""


class Part(BaseModel):
    """A part of a result that is stored as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(Part):
    """The result of one evaluation."""

    data: str
    """Description of the images."""

    models: str
    """Description of the evaluated models."""

    def tables(self) -> list[Table]:
        """Return the tables of the result."""
        raise NotImplementedError

    def charts(self) -> list[Chart]:
        """Return the charts of the result."""
        return []
