"""Generated tables in pages, between markers; a test checks that they are up to date.

A block begins with ``<!-- figures: NAME -->`` and ends with ``<!-- end -->``.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.evaluation.metrics.action import ActionResult
from openfrs.evaluation.metrics.calibration import calibration_table
from openfrs.evaluation.metrics.conditions import ConditionsResult, small
from openfrs.evaluation.metrics.identification import IdentificationResult
from openfrs.evaluation.metrics.rates import Mean, Rate
from openfrs.evaluation.metrics.results import Chart, Table
from openfrs.evaluation.metrics.single_actions import SingleActionsResult
from openfrs.evaluation.metrics.verification import AllPairsResult, NamedPairsResult
from openfrs.recognition.similarity import MATCH_THRESHOLD, Calibration, calibration
from openfrs.vision.attributes.classifiers import metrics
from openfrs.vision.attributes.describer import CLASSIFIERS
from openfrs.vision.weights.manifest import manifest

from .result_types import RESULTS, AnyResult

BLOCK: Final = re.compile(r"(<!-- figures: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
UNPUBLISHED_FIELDS: Final = {"roc", "wrong", "closest", "curve"}
"""Fields that the pages do not use: curves and names of images."""

TRAINING_RESULT: Final = "liveness"
"""Silent liveness on its training images, which is biased; ``scripts/train_liveness.py`` measures it on other people."""

EXPRESSION: Final = "expression"
"""A head on blendshapes, trained on the labelled set of expressions."""

ADULT_GROUP: Final = "adults: "
"""Beginning of the conditions that are groups of adults."""

SHORT_TABLE: Final = (0.85, 0.93, 0.96)
"""Similarities of the short table."""


def read_figures(file: Path) -> dict[str, AnyResult]:
    """Read the published results by name.

    Raises:
        OperatorError: the file is not a list of results of this release.
    """
    try:
        return {name: RESULTS.validate_python(value) for name, value in json.loads(file.read_bytes()).items()}
    except ValueError as error:
        raise OperatorError(f"{file} has no results of this release") from error


def write_figures(results: Mapping[str, AnyResult], file: Path) -> None:
    """Write results for publication, without those of videos, which name each video, and without :data:`TRAINING_RESULT`."""
    figures = {
        name: result.model_dump(mode="json", exclude=UNPUBLISHED_FIELDS)
        for name, result in sorted(results.items())
        if not isinstance(result, (ActionResult, SingleActionsResult)) and name != TRAINING_RESULT
    }
    file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def blocks(results: Mapping[str, AnyResult], scale: Calibration) -> dict[str, str]:
    """Return the text of every block by name."""
    tables = {name: "\n".join(_block(table) for table in result.tables()) for name, result in results.items()}
    full = calibration_table(scale)
    columns = [index for index, name in enumerate(full.columns) if name != "score"]
    short = Table(
        full.title,
        [full.columns[index] for index in columns],
        [
            [row[index] for index in columns]
            for row, point in zip(full.rows, scale.operating_points, strict=True)
            if point.similarity in SHORT_TABLE
        ],
    )
    others = {f"calibration-{name}": calibration(name) for name in manifest().embedders if name != scale.embedder}
    return {
        **tables,
        **{name: calibration_table(each).markdown() for name, each in others.items()},
        **{f"classifier-{name}": _block(classifier_table(name)) for name in (*_classifiers(), EXPRESSION)},
        "calibration": full.markdown(),
        "similarity": short.markdown(),
        "headline": headline(results).markdown(),
    }


def _classifiers() -> list[str]:
    return [each.name for each in CLASSIFIERS.values()]


def classifier_table(name: str) -> Table:
    """Return the metrics of an attribute classifier on held-out images."""
    values = metrics(name)
    classes, counts = values["classes"], values["confusion_rows_are_truth"]
    rows = [
        (truth, *map(str, line), f"{100 * line[index] / sum(line):.1f} %")
        for index, (truth, line) in enumerate(zip(classes, counts, strict=True))
    ]
    clauses = [f"Held out: {values['held_out']}. Balanced accuracy {100 * values['balanced_accuracy']:.1f} %"]
    if "of_at_least_32_pixels" in values:
        clauses.append(
            f"for faces of at least 32 pixels {100 * values['of_at_least_32_pixels']['balanced_accuracy']:.1f} %"
        )
    if "moustaches_told_a_beard" in values:
        clauses.append(f"moustaches classified as beards: {values['moustaches_told_a_beard']}")
    if "right_by_source" in values:
        clauses.append(
            "accuracy by source: "
            + ", ".join(f"{source} {100 * share:.1f} %" for source, share in values["right_by_source"].items())
        )
    return Table(
        f"Classifier: {name}",
        ("truth", *classes, "recall"),
        rows,
        ["; ".join(clauses) + f". Trained on {values['trained_on']}."],
    )


def _block(table: Table) -> str:
    return "\n\n".join([table.markdown().rstrip(), *table.notes]) + "\n"


def headline(results: Mapping[str, AnyResult]) -> Table:
    """Return the table of key figures: matching of people, a search, and the group of adults that matches strangers most."""
    rows = []
    match results.get("verification-all-pairs"):
        case AllPairsResult(by_person=Mean() as by_person, independent=Rate() as independent):
            rows.append((f"true match rate at {MATCH_THRESHOLD}, each person equal", by_person.percent(1)))
            rows.append((f"true match rate at {MATCH_THRESHOLD}, one pair of each person", independent.percent(1)))
    match results.get("identification"):
        case IdentificationResult(points=searches, people=people):
            for search in searches:
                if search.gallery == people and search.false_positive_rate == 0.01:
                    name = f"FNIR in a gallery of {people:,} people at an FPIR of 1 %"
                    rows.append((name, search.misses.percent(1)))
    match results.get("verification-pairs"):
        case NamedPairsResult() as pairs:
            rows.append(("accuracy on the 1,000 test pairs of LFW View 1", pairs.best.percent(1)))
    match results.get("groups"):
        case ConditionsResult(strangers=groups):
            adults = [row for row in groups if row.condition.startswith(ADULT_GROUP) and row.rate.trials]
            if adults:
                worst = max(adults, key=lambda row: row.rate.rate)
                group = worst.condition.removeprefix(ADULT_GROUP)
                name = f"false match rate at {MATCH_THRESHOLD} in the worst group of adults ({group})"
                rows.append((name, small(worst.rate)))
    return Table("Key figures", ("measure", "figure (95 % interval)"), rows)


def curves(results: Mapping[str, AnyResult]) -> dict[str, Chart]:
    """Return the ROC and DET curves of the embedders by name; none of results without curves, such as published ones."""
    measured = {
        result.models.split(",")[0].removeprefix("embedder "): {chart.name: chart for chart in result.charts()}
        for name, result in results.items()
        if name.startswith("verification-all-pairs")
        and not name.endswith("merged")
        and isinstance(result, AllPairsResult)
        if result.roc
    }
    charts: dict[str, Chart] = {}
    for each in measured.values():
        for name, chart in each.items():
            series = [
                (embedder, others[name].series[0][1]) for embedder, others in sorted(measured.items(), reverse=True)
            ]
            charts[name] = replace(chart, series=[line for line in series if line[1]])
    return {name: chart for name, chart in charts.items() if chart.series}


def fill_page(page: str, texts: Mapping[str, str]) -> str:
    """Fill every block of a page.

    Raises:
        OperatorError: there is no result with the name of a block.
    """

    def text(block: re.Match[str]) -> str:
        if block[2] not in texts:
            raise OperatorError(f"there are no figures with the name {block[2]}")
        return block[1] + texts[block[2]] + block[3]

    return BLOCK.sub(text, page)
