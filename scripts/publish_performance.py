"""Publish figures of benchmarks in docs/reference/performance.json, docs/reference/performance.md and its charts.

python scripts/publish_performance.py bench.json peers.json scale.json
"""

from pathlib import Path
from typing import Annotated

import typer

from openfrs.evaluation.benchmark.figures import read_figures, write_figures
from openfrs.evaluation.benchmark.publication import blocks, charts, published
from openfrs.evaluation.report.publication import fill_page
from openfrs.evaluation.report.svg import draw_svg

PAGES = Path(__file__).parent.parent / "docs" / "reference"


def main(
    files: Annotated[list[Path], typer.Argument(help="Files of make bench, bench-peers and bench-scale.")],
    docs: Annotated[Path, typer.Option(help="Directory of the page.")] = PAGES,
) -> None:
    """Update the published figures with those of the files, and write the page and its charts."""
    stored, page = docs / "performance.json", docs / "performance.md"
    results = read_figures(stored)
    for file in files:
        results |= read_figures(file)
    write_figures(published(results), stored)
    results = read_figures(stored)
    page.write_text(fill_page(page.read_text("utf-8"), blocks(results)), encoding="utf-8")
    for chart in charts(results):
        (docs / f"performance-{chart.name}.svg").write_text(draw_svg(chart), encoding="utf-8")
    print(page)


if __name__ == "__main__":
    typer.run(main)
