"""Generated tables in pages."""

from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.evaluation.metrics.classification import class_result, number_result
from openfrs.evaluation.report.publication import (
    TRAINING_RESULT,
    blocks,
    classifier_table,
    fill_page,
    headline,
    read_figures,
    write_figures,
)
from openfrs.recognition.similarity import calibration
from openfrs.vision.attributes.classifiers import metrics
from openfrs.vision.attributes.describer import CLASSIFIERS

PAGE = "before\n<!-- figures: mask -->\nold | table\n<!-- end -->\nafter\n<!-- figures: mask -->\n<!-- end -->\n"


def test_all_blocks_of_a_name_are_filled() -> None:
    page = fill_page(PAGE, {"mask": "new\n", "other": "unused\n"})
    assert page == PAGE.replace("old | table\n", "new\n").replace("-->\n<!-- end", "-->\nnew\n<!-- end")
    assert fill_page(page, {"mask": "new\n"}) == page


def test_a_block_without_a_result_is_an_error() -> None:
    with pytest.raises(OperatorError, match="mask"):
        fill_page(PAGE, {})


def test_published_results_are_read_back(tmp_path: Path) -> None:
    result = class_result("mask", ["yes", "no"], ["yes", "yes"], data="a set", models="a model")
    write_figures({"mask": result, TRAINING_RESULT: result}, tmp_path / "figures.json")
    results = read_figures(tmp_path / "figures.json")
    assert results == {"mask": result}
    texts = blocks(results, calibration("sface"))
    assert "| yes | 0 | 1 | 100.0 %" in texts["mask"]
    assert texts["similarity"].splitlines()[2].startswith("| 0.85 | 1.0e-03 | 99.")
    assert headline(results).rows == []


@pytest.mark.parametrize("name", [each.name for each in CLASSIFIERS.values()])
def test_the_table_of_a_classifier_has_its_metrics(name: str) -> None:
    values = metrics(name)
    table = classifier_table(name)
    assert list(table.columns) == ["truth", *values["classes"], "recall"]
    recalls = [float(row[-1].removesuffix(" %")) for row in table.rows]
    assert sum(recalls) / len(recalls) == pytest.approx(100 * values["balanced_accuracy"], abs=0.1)
    assert values["held_out"] in table.notes[0]


def test_key_figures_include_attributes() -> None:
    adults = class_result("gender", ["male", "female"], ["male", "male"], data="a set", models="a model")
    ages = number_result("age", [30, 40], [33, 36], unit="years", data="a set", models="a model")
    rows = headline({"attribute-gender-adults": adults, "attribute-age": ages}).rows
    assert [row[1][:4] for row in rows] == ["50.0", "3.50"]


def test_an_invalid_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"mask": {}}')
    with pytest.raises(OperatorError):
        read_figures(tmp_path / "figures.json")
