"""Figures inside pages."""

from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.evaluation.metrics.classification import class_result, number_result
from openfrs.evaluation.report.publication import (
    CLASSIFIERS,
    FLATTERING,
    blocks,
    classifier_table,
    fill_page,
    headline,
    read_figures,
    write_figures,
)
from openfrs.recognition.similarity import calibration
from openfrs.vision.attributes.classifiers import metrics

PAGE = "before\n<!-- figures: mask -->\nold | table\n<!-- end -->\nafter\n<!-- figures: mask -->\n<!-- end -->\n"


def test_every_block_of_a_name_is_filled_and_nothing_else() -> None:
    page = fill_page(PAGE, {"mask": "new\n", "other": "unused\n"})
    assert page == PAGE.replace("old | table\n", "new\n").replace("-->\n<!-- end", "-->\nnew\n<!-- end")
    assert fill_page(page, {"mask": "new\n"}) == page


def test_a_block_that_nothing_was_measured_for_is_told() -> None:
    with pytest.raises(OperatorError, match="mask"):
        fill_page(PAGE, {})


def test_published_results_are_read_back(tmp_path: Path) -> None:
    result = class_result("mask", ["yes", "no"], ["yes", "yes"], data="a set", models="a model")
    write_figures({"mask": result, FLATTERING: result}, tmp_path / "figures.json")
    again = read_figures(tmp_path / "figures.json")
    assert again == {"mask": result}
    texts = blocks(again, calibration("sface"))
    assert "| yes | 0 | 1 | 100.0 %" in texts["mask"]
    assert texts["similarity"].splitlines()[2].startswith("| 0.85 | 1.0e-03 | 99.")
    assert headline(again).rows == []


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_table_shows_the_measured_accuracy(name: str) -> None:
    told = metrics(name)
    table = classifier_table(name)
    assert list(table.columns) == ["truth", *told["classes"], "right"]
    rights = [float(row[-1].removesuffix(" %")) for row in table.rows]
    assert sum(rights) / len(rights) == pytest.approx(100 * told["balanced_accuracy"], abs=0.1)
    assert told["held_out"] in table.notes[0]


def test_the_first_page_tells_of_attributes_and_quality() -> None:
    adults = class_result("gender", ["male", "female"], ["male", "male"], data="a set", models="a model")
    ages = number_result("age", [30, 40], [33, 36], unit="years", data="a set", models="a model")
    rows = headline({"attribute-gender-adults": adults, "attribute-age": ages}).rows
    assert [row[1][:4] for row in rows] == ["50.0", "3.50"]


def test_a_file_of_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"mask": {}}')
    with pytest.raises(OperatorError):
        read_figures(tmp_path / "figures.json")
