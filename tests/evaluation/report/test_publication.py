"""Generated tables in pages."""

from pathlib import Path

import numpy as np
import pytest

from openfrs.core.errors import OperatorError
from openfrs.evaluation.metrics.classification import class_result
from openfrs.evaluation.metrics.conditions import ConditionRow, ConditionsResult
from openfrs.evaluation.metrics.pairs import AllPairs
from openfrs.evaluation.metrics.rates import rate_of
from openfrs.evaluation.metrics.verification import AllPairsResult, all_pairs_result
from openfrs.evaluation.report.publication import (
    EXPRESSION,
    TRAINING_RESULT,
    blocks,
    classifier_table,
    curves,
    fill_page,
    headline,
    read_figures,
    write_figures,
)
from openfrs.evaluation.report.svg import draw_svg
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


@pytest.mark.parametrize("name", [*(each.name for each in CLASSIFIERS.values()), EXPRESSION])
def test_the_table_of_a_classifier_has_its_metrics(name: str) -> None:
    values = metrics(name)
    table = classifier_table(name)
    assert list(table.columns) == ["truth", *values["classes"], "recall"]
    recalls = [float(row[-1].removesuffix(" %")) for row in table.rows]
    assert sum(recalls) / len(recalls) == pytest.approx(100 * values["balanced_accuracy"], abs=0.1)
    assert values["held_out"] in table.notes[0]


def _verified(models: str) -> AllPairsResult:
    """Return a result with three pairs of one person and one of another, which is missed."""
    pairs = AllPairs(
        np.array([0.9, 0.9, 0.9, 0.0], np.float32),
        np.linspace(-0.2, 0.1, 100, dtype=np.float32),
        *(np.arange(4, dtype=np.intp),) * 2,
        np.array([0, 0, 0, 1], np.intp),
        [],
    )
    scale = calibration("sface")
    return all_pairs_result(pairs, ["a", "b"], scale, data="a set", models=models, people=2, faceless=0)


def test_key_figures_weigh_people_equally_and_name_the_worst_group() -> None:
    rows = tuple(
        ConditionRow(condition=name, images=9, rate=rate_of(hits, 1000))
        for name, hits in (("adults", 9), ("adults: asian, F", 1), ("adults: white, M", 0), ("ages 0-3", 500))
    )
    groups = ConditionsResult(title="Groups", data="a set", models="a model", score=0.1, strangers=rows)
    figures = headline({"verification-all-pairs": _verified("embedder one"), "groups": groups}).rows
    assert [row[1].split(" (")[0] for row in figures] == ["50.0 %", "50.0 %", "1.0e-03"]
    assert "(asian, F)" in figures[-1][0]


def test_the_curves_of_all_embedders_are_in_one_plot() -> None:
    results = {
        "verification-all-pairs": _verified("embedder one, the main face"),
        "verification-all-pairs-two": _verified("embedder two, the main face"),
        "verification-all-pairs-merged": _verified("embedder three, the main face"),
    }
    charts = curves(results)
    assert set(charts) == {"roc", "det"}
    assert [name for name, _ in charts["det"].series] == ["two", "one"]
    drawing = draw_svg(charts["det"])
    assert "prefers-color-scheme: dark" in drawing
    assert "<circle" not in drawing
    assert not curves({name: each.model_copy(update={"roc": ()}) for name, each in results.items()})


def test_an_invalid_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"mask": {}}')
    with pytest.raises(OperatorError):
        read_figures(tmp_path / "figures.json")
