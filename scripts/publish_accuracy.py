"""Publish the results of a report in ``docs/reference``, and its key figures in README.md.

python scripts/publish_accuracy.py eval-report
"""

from pathlib import Path
from typing import Annotated

import typer

from openfrs.evaluation.report.publication import blocks, curves, fill_page, read_figures, write_figures
from openfrs.evaluation.report.report import read_result
from openfrs.evaluation.report.svg import draw_svg
from openfrs.recognition.similarity import calibration

REPOSITORY = Path(__file__).parent.parent
FIGURES = REPOSITORY / "docs" / "reference" / "accuracy.json"
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "docs" / "reference" / "accuracy.md",
    REPOSITORY / "docs" / "how-to" / "choose-a-threshold.md",
]
"""Pages with figures of the report."""


def main(report: Annotated[Path, typer.Argument(help="Directory that openfrs eval wrote.")]) -> None:
    """Update the published results with those of a report, and fill the pages."""
    results = {file.stem: read_result(file) for file in report.glob("*.json")}
    write_figures({**read_figures(FIGURES), **results}, FIGURES)
    texts = blocks(read_figures(FIGURES), calibration("sface"))
    for page in PAGES:
        page.write_text(fill_page(page.read_text("utf-8"), texts), encoding="utf-8")
        print(page)
    for name, chart in curves(results).items():
        file = FIGURES.parent / f"accuracy-{name}.svg"
        file.write_text(draw_svg(chart), encoding="utf-8")
        print(file)


if __name__ == "__main__":
    typer.run(main)
