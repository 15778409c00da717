"""Write the figures of ``docs/capacity.json`` to ``docs/capacity.md`` and ``docs/capacity.svg``.

openfrs bench --gallery --json docs/capacity.json
python scripts/render_capacity.py
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
CURVE = "search by size of the set, 128-d, top 10"

WIDTH, HEIGHT, MARGIN = 640, 360, 60
SIZES, TIMES = (2.5, 6.5), (-1.0, 2.0)  # powers of ten: faces, milliseconds
COLOURS = {"p50 ms": "#1f77b4", "p99 ms": "#d62728"}


def chart_points(figures: Sequence[Mapping[str, Any]], measure: str) -> list[tuple[float, float, float]]:
    """Return the coordinates and the milliseconds of each set size."""
    points = []
    for figure in figures:
        if figure["measure"] == measure:
            size, value = int(figure["case"].split()[0].replace(",", "")), figure["value"]
            x = MARGIN + (math.log10(size) - SIZES[0]) / (SIZES[1] - SIZES[0]) * (WIDTH - 2 * MARGIN)
            y = HEIGHT - MARGIN - (math.log10(value) - TIMES[0]) / (TIMES[1] - TIMES[0]) * (HEIGHT - 2 * MARGIN)
            points.append((x, y, value))
    return points


def draw_chart(figures: Sequence[Mapping[str, Any]]) -> str:
    """Return the chart as SVG."""
    bottom, right = HEIGHT - MARGIN, WIDTH - MARGIN
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for power in range(math.ceil(TIMES[0]), math.floor(TIMES[1]) + 1):
        y = bottom - (power - TIMES[0]) / (TIMES[1] - TIMES[0]) * (HEIGHT - 2 * MARGIN)
        parts.append(f'<line x1="{MARGIN}" y1="{y:.0f}" x2="{right}" y2="{y:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g} ms</text>')
    for power in range(math.ceil(SIZES[0]), math.floor(SIZES[1]) + 1):
        x = MARGIN + (power - SIZES[0]) / (SIZES[1] - SIZES[0]) * (WIDTH - 2 * MARGIN)
        parts.append(f'<line x1="{x:.0f}" y1="{MARGIN}" x2="{x:.0f}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.0f}" y="{bottom + 18}" text-anchor="middle">{10**power:,}</text>')
    for index, (measure, colour) in enumerate(COLOURS.items()):
        line = chart_points(figures, measure)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        below = 18 if measure == "p50 ms" else -8
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y, _ in line]
        parts += [
            f'<text x="{x:.1f}" y="{y + below:.1f}" text-anchor="middle" fill="{colour}">{value:.2f}</text>'
            for x, y, value in line
        ]
        parts.append(f'<text x="{MARGIN + 12}" y="{MARGIN + 16 + 16 * index}" fill="{colour}">{measure[:3]}</text>')
    title = "Search by face id, top 10, 128 dimensions, one thread, by faces in the set"
    parts.append(f'<text x="{WIDTH / 2:.0f}" y="{MARGIN / 2:.0f}" text-anchor="middle">{title}</text>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n{body}\n</svg>\n'
    )


def markdown_table(title: str, figures: Sequence[Mapping[str, Any]]) -> str:
    """Return a table of figures and their goals."""
    head = f"{title[0].upper()}{title[1:]}:\n\n| case | measure | value | goal | met |\n| --- | --- | --- | --- | --- |"
    lines = [head]
    for each in figures:
        goal = "" if each["goal"] is None else f"{'at least' if each['at_least'] else 'at most'} {each['goal']:,g}"
        met = {None: "", True: "yes", False: "no"}[each["met"]]
        lines.append(f"| {each['case']} | {each['measure']} | {each['value']:,.2f} | {goal} | {met} |")
    return "\n".join(lines)


def main() -> None:
    """Write the tables and the chart."""
    measured = json.loads((DOCS / "capacity.json").read_text("utf-8"))
    page = (DOCS / "capacity.md").read_text("utf-8")
    tables = "\n\n".join(markdown_table(title, figures) for title, figures in measured.items())
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    (DOCS / "capacity.md").write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}", "utf-8")
    (DOCS / "capacity.svg").write_text(draw_chart(measured[CURVE]), "utf-8")


if __name__ == "__main__":
    main()
