"""Charts as SVG, in the colours of a light or a dark page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape

from openfrs.evaluation.metrics.results import Chart

WIDTH: Final = 640
HEIGHT: Final = 360
MARGIN: Final = 64

_LIGHT: Final = ("#1565c0", "#c62828", "#2e7d32")
_DARK: Final = ("#90caf9", "#ef9a9a", "#a5d6a7")
"""Colours of the series."""

_STEPS: Final = (1, 2, 5, 10)
_MAX_TICKS: Final = 6

MAX_LABELLED: Final = 20


@dataclass(frozen=True, slots=True)
class _Axis:
    """Maps values between the first and the last tick to pixels between ``start`` and ``end``."""

    ticks: Sequence[float]
    scale: Literal["linear", "log"]
    start: float
    end: float

    def pixel(self, value: float) -> float:
        low, high, position = (self._scaled(each) for each in (self.ticks[0], self.ticks[-1], value))
        return self.start + (position - low) / (high - low) * (self.end - self.start)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.scale == "log" else value


def draw_svg(chart: Chart) -> str:
    """Return a chart with at least one point; series of at most :data:`MAX_LABELLED` points have the value of every point."""
    points = [point for _, series in chart.series for point in series]
    across = _Axis(_ticks([x for x, _ in points], chart.x_scale), chart.x_scale, MARGIN, WIDTH - MARGIN)
    down = _Axis(_ticks([y for _, y in points], chart.y_scale), chart.y_scale, HEIGHT - MARGIN, MARGIN)
    parts = [f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>', *_grid(across, down)]
    for index, (name, series) in enumerate(chart.series):
        parts += _series(index, name, [(across.pixel(x), down.pixel(y), y) for x, y in series])
    parts.append(_text(WIDTH / 2, 22, chart.title, "middle", "title"))
    parts.append(_text(WIDTH / 2, HEIGHT - 16, chart.x, "middle"))
    parts.append(_text(MARGIN, MARGIN - 12, chart.y, "start"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="{escape(chart.title)}">\n<style>\n{_style()}\n</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _ticks(values: Sequence[float], scale: Literal["linear", "log"]) -> list[float]:
    """Return round numbers that include all values: powers of ten, or multiples of a step from 0."""
    if scale == "log":
        first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return [10.0**power for power in range(first, max(last, first + 1) + 1)]
    unit = 10.0 ** (math.floor(math.log10(max(values))) - 1)
    step = next(unit * factor for factor in (*_STEPS, 20) if max(values) <= unit * factor * _MAX_TICKS)
    return [step * number for number in range(math.ceil(max(values) / step - 1e-9) + 1)]


def _grid(across: _Axis, down: _Axis) -> list[str]:
    parts = []
    for tick in down.ticks:
        y = down.pixel(tick)
        parts.append(f'<path class="grid" d="M{across.start:g} {y:.1f}H{across.end:g}"/>')
        parts.append(_text(across.start - 8, y + 4, f"{tick:,g}", "end"))
    for tick in across.ticks:
        x = across.pixel(tick)
        parts.append(f'<path class="grid" d="M{x:.1f} {down.start:g}V{down.end:g}"/>')
        parts.append(_text(x, down.start + 18, f"{tick:,.10g}", "middle"))
    return parts


def _series(index: int, name: str, points: Sequence[tuple[float, float, float]]) -> list[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    parts = [f'<g class="s{index}">', f'<polyline points="{line}"/>']
    if len(points) <= MAX_LABELLED:
        parts += _labels(index, points)
    return [*parts, _text(WIDTH - MARGIN - 8, HEIGHT - MARGIN - 10 - 16 * index, name, "end"), "</g>"]


def _labels(index: int, points: Sequence[tuple[float, float, float]]) -> list[str]:
    parts = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y, _ in points]
    # labels of the first series are below its line, those of the others above
    return [*parts, *(_text(x, y + (-8 if index else 18), f"{value:.3g}", "middle") for x, y, value in points)]


def _text(x: float, y: float, text: str, anchor: str, style: str = "text") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _style() -> str:
    rules = ["polyline { fill: none; stroke-width: 2; }", ".title { font-weight: 600; }"]
    rules += _colours("#fff", "#ddd", "#333", _LIGHT)
    dark = " ".join(_colours("#1e1e1e", "#444", "#ddd", _DARK))
    return "\n".join([*rules, f"@media (prefers-color-scheme: dark) {{ {dark} }}"])


def _colours(page: str, grid: str, text: str, series: Sequence[str]) -> list[str]:
    rules = [f".page {{ fill: {page}; }}", f".grid {{ stroke: {grid}; }}", f"text {{ fill: {text}; }}"]
    for index, colour in enumerate(series):
        rules.append(
            f".s{index} polyline {{ stroke: {colour}; }} .s{index} circle, .s{index} text {{ fill: {colour}; }}"
        )
    return rules
