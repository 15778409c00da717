"""Figures of benchmarks."""

from pathlib import Path

import pytest

from openfrs.evaluation.benchmark.figures import Figure, read_figures, write_figures


@pytest.mark.parametrize(
    ("value", "goal", "at_least", "met"),
    [
        (1.0, 1.0, False, True),
        (1.1, 1.0, False, False),
        (1.0, 1.0, True, True),
        (0.9, 1.0, True, False),
        (1.0, None, False, None),
        (None, 1.0, False, None),
    ],
)
def test_a_goal_is_a_limit(value: float | None, goal: float | None, at_least: bool, met: bool | None) -> None:
    assert Figure("case", "measure", value, goal, at_least).met is met


def test_the_median_of_rounds_counts_and_their_range_is_shown() -> None:
    figure = Figure.of_rounds("case", "ms", [4, 1, 2], 3, at_least=True)
    assert figure.value == 2
    assert figure.formatted_value == "2.00 (1.00 to 4.00)"
    assert figure.formatted_goal == ">= 3"


def test_figures_are_read_back(tmp_path: Path) -> None:
    skipped = Figure("case", "ms", None, 3, note="a program is missing")
    results = {"title": [skipped, Figure.of_rounds("case", "ms", [1, 2, 6]), Figure("case", "s", 1.5)]}
    write_figures(results, tmp_path / "figures.json")
    assert read_figures(tmp_path / "figures.json") == results
    assert skipped.formatted_value == "skipped"
