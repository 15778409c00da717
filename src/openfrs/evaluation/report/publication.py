"""Generated tables in pages, between markers; a test checks that they are up to date.

A block begins with ``<!-- figures: NAME -->`` and ends with ``<!-- end -->``.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.evaluation.metrics.action import ActionResult
from openfrs.evaluation.metrics.calibration import calibration_table
from openfrs.evaluation.metrics.classification import ClassResult, NumberResult
from openfrs.evaluation.metrics.detection import DetectionResult
from openfrs.evaluation.metrics.identification import IdentificationResult
from openfrs.evaluation.metrics.rejection import RejectionResult
from openfrs.evaluation.metrics.results import Table
from openfrs.evaluation.metrics.single_actions import SingleActionsResult
from openfrs.evaluation.metrics.verification import AllPairsResult, NamedPairsResult
from openfrs.evaluation.runner import TOTAL_SCORE
from openfrs.recognition.similarity import Calibration, calibration
from openfrs.vision.attributes.classifiers import metrics
from openfrs.vision.attributes.describer import CLASSIFIERS
from openfrs.vision.weights.manifest import manifest

from .result_types import RESULTS, AnyResult

BLOCK: Final = re.compile(r"(<!-- figures: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
UNPUBLISHED_FIELDS: Final = {"roc", "wrong", "closest", "curve"}
"""Fields that the pages do not use: curves and names of images."""

TRAINING_RESULT: Final = "liveness"
"""Silent liveness on its training images, which is biased; ``scripts/train_liveness.py`` measures it on other people."""

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
        **{f"classifier-{each.name}": _block(classifier_table(each.name)) for each in CLASSIFIERS.values()},
        "calibration": full.markdown(),
        "similarity": short.markdown(),
        "headline": headline(results).markdown(),
    }


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
    """Return the table of key figures."""
    rows = []
    match results.get("verification-pairs"):
        case NamedPairsResult() as pairs:
            rows.append(("accuracy on the 1,000 test pairs of LFW View 1", pairs.best.percent(1)))
    match results.get("verification-all-pairs"):
        case AllPairsResult(points=points):
            for point in points:
                if point.false_match_rate in {1e-4, 1e-5}:
                    name = f"true match rate at a false match rate of 1 in {round(1 / point.false_match_rate):,}"
                    rows.append((name, point.true_match_rate.percent(1)))
    match results.get("identification"):
        case IdentificationResult(points=searches, people=people):
            for search in searches:
                if search.gallery == people and search.false_positive_rate == 0.01:
                    name = f"FNIR in a gallery of {people:,} people at an FPIR of 1 %"
                    rows.append((name, search.misses.percent(1)))
    rows += _attributes(results)
    match results.get("detection"):
        case DetectionResult(large_enough=recall):
            rows.append(
                (
                    "detection recall for faces of at least 20 pixels in street photographs, most of them masked",
                    recall.percent(1),
                )
            )
    return Table("Key figures", ("measure", "figure (95 % interval)"), rows)


def _attributes(results: Mapping[str, AnyResult]) -> list[tuple[str, str]]:
    rows = []
    match results.get("quality"):
        case RejectionResult(curves=curves):
            for curve in curves:
                if curve.score == TOTAL_SCORE:
                    name = "reduction in misses when the worst 10 % of images by total_score are rejected"
                    rows.append((name, f"{100 * curve.reduction(0.10):.0f} %"))
    match results.get("attribute-gender-adults"):
        case ClassResult(accuracy=accuracy):
            rows.append(("accuracy of gender for adults", accuracy.percent(1)))
    match results.get("attribute-age"):
        case NumberResult(error=error):
            rows.append(("mean absolute error of age, years", error.formatted()))
    return rows


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
