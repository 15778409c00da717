"""Plots of results with matplotlib, an optional dependency."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from openfrs.core.errors import missing_extra
from openfrs.evaluation.metrics.results import Chart


def require() -> None:
    """Check that plots can be drawn.

    Raises:
        OperatorError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise missing_extra("plots need matplotlib, or disable them with --no-plots", "eval")


def draw(chart: Chart, file: Path) -> None:
    """Draw a chart into a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots()
    for name, points in chart.series:
        if points:
            axes.plot(*zip(*points, strict=True), label=name, marker="o" if len(points) < 20 else None)
    axes.set(title=chart.title, xlabel=chart.x, ylabel=chart.y, xscale=chart.x_scale, yscale=chart.y_scale)
    for name, x in chart.marks:
        axes.axvline(x, linestyle="--", color="0.4", linewidth=1)
        axes.text(x, 1.0, name, transform=axes.get_xaxis_transform(), rotation=90, va="top", ha="right", fontsize=8)
    axes.grid(visible=True, alpha=0.3)
    if any(points for _, points in chart.series):
        axes.legend()
    figure.savefig(file, dpi=120)
