"""A directory of results: JSON files, plots, and a page with all of them."""

from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from openfrs import __version__
from openfrs.core.errors import OperatorError
from openfrs.core.files import replacing
from openfrs.evaluation.metrics.results import Chart, Table
from openfrs.evaluation.report_directory import create_report_directory

from . import plots
from .result_types import RESULTS, AnyResult

INTRODUCTION = """# Evaluation

Evaluation of OpenFRS {version} on labelled images. Each result is also a JSON file of the same name in this directory.
"""


class Report:
    """A directory of results. Results of earlier runs stay until they are replaced."""

    def __init__(self, directory: Path, *, with_plots: bool, console: Console | None = None) -> None:
        """Open a report.

        Raises:
            OperatorError: matplotlib is missing, or the directory cannot be created.
        """
        if with_plots:
            plots.require()
        create_report_directory(directory)
        self.directory = directory
        self._with_plots = with_plots
        self._console = console or Console()

    def add(self, name: str, result: AnyResult) -> None:
        """Write a result and its plots, print its tables, and update the page."""
        _write(self.directory / f"{name}.json", result.model_dump_json(indent=2) + "\n")
        for chart in result.charts() if self._with_plots else ():
            plots.draw(chart, self.directory / _plot(name, chart))
        for table in result.tables():
            show(table, self._console)
        sections = []
        for file in sorted(self.directory.glob("*.json")):
            with suppress(OperatorError):  # a result of another release is skipped until it is replaced
                sections.append(self._section(file.stem, read_result(file)))
        _write(self.directory / "index.md", "\n".join([INTRODUCTION.format(version=__version__), *sections]))

    def _section(self, name: str, result: AnyResult) -> str:
        plot_files = [
            _plot(name, chart) for chart in result.charts() if (self.directory / _plot(name, chart)).is_file()
        ]
        tables = [table.markdown(titled=True) for table in result.tables()]
        return "\n".join([f"## {name}\n", *tables, *(f"![{plot}]({plot})\n" for plot in plot_files)])


def read_result(file: Path) -> AnyResult:
    """Read a result of a report.

    Raises:
        OperatorError: the file is not a result of this release.
    """
    try:
        return RESULTS.validate_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise OperatorError(f"{file} is not a result of this release of OpenFRS") from error


def _plot(name: str, chart: Chart) -> str:
    return f"{name}-{chart.name}.png"


def show(table: Table, console: Console) -> None:
    """Print a table on a terminal."""
    rich_table = RichTable(*table.columns, title=escape(table.title))
    for row in table.rows:
        rich_table.add_row(*map(escape, row))
    console.print(rich_table)
    for note in table.notes:
        console.print(escape(note), style="dim")


def _write(file: Path, text: str) -> None:
    with replacing(file, durable=False) as temporary:
        temporary.write_text(text, encoding="utf-8")
