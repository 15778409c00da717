"""Figures inside pages."""

from pathlib import Path

import pytest

from openfrs.errors import OperatorError
from openfrs.evaluation.classification import class_result
from openfrs.evaluation.publication import blocks, filled, headline, read_figures, write_figures
from openfrs.recognition.similarity import calibration

PAGE = "before\n<!-- figures: mask -->\nold | table\n<!-- end -->\nafter\n<!-- figures: mask -->\n<!-- end -->\n"


def test_every_block_of_a_name_is_filled_and_nothing_else() -> None:
    page = filled(PAGE, {"mask": "new\n", "other": "unused\n"})
    assert page == PAGE.replace("old | table\n", "new\n").replace("-->\n<!-- end", "-->\nnew\n<!-- end")
    assert filled(page, {"mask": "new\n"}) == page


def test_a_block_that_nothing_was_measured_for_is_told() -> None:
    with pytest.raises(OperatorError, match="mask"):
        filled(PAGE, {})


def test_published_results_are_read_back(tmp_path: Path) -> None:
    result = class_result("mask", ["yes", "no"], ["yes", "yes"], data="a set", models="a model")
    write_figures({"mask": result}, tmp_path / "figures.json")
    again = read_figures(tmp_path / "figures.json")
    assert again == {"mask": result}
    texts = blocks(again, calibration("sface"))
    assert "| yes | 0 | 1 | 100.0 %" in texts["mask"]
    assert texts["similarity"].splitlines()[2] == "| 0.85 | 1.0e-03 | 99.52% |"
    assert headline(again).rows == []


def test_a_file_of_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"mask": {}}')
    with pytest.raises(OperatorError):
        read_figures(tmp_path / "figures.json")
