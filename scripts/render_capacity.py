"""Write the figures of ``docs/reference/capacity.json`` to ``docs/reference/capacity.md`` and ``docs/reference/capacity.svg``.

openfrs bench --gallery --json docs/reference/capacity.json
python scripts/render_capacity.py
"""

from pathlib import Path

from openfrs.evaluation.benchmark.figures import read_figures
from openfrs.evaluation.benchmark.publication import SEARCH_BY_SIZE, markdown_table, search_chart
from openfrs.evaluation.report.svg import draw_svg

PAGES = Path(__file__).parent.parent / "docs" / "reference"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def main() -> None:
    """Write the tables and the chart."""
    measured = read_figures(PAGES / "capacity.json")
    page = (PAGES / "capacity.md").read_text("utf-8")
    tables = "\n\n".join(
        f"{title[0].upper()}{title[1:]}:\n\n{markdown_table(figures)}" for title, figures in measured.items()
    )
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    (PAGES / "capacity.md").write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}", "utf-8")
    (PAGES / "capacity.svg").write_text(draw_svg(search_chart(measured[SEARCH_BY_SIZE])), "utf-8")


if __name__ == "__main__":
    main()
