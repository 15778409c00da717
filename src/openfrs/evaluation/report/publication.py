"""Tables of results inside pages: what stands between two markers is generated, and a test can tell whether it is up to date.

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
from openfrs.evaluation.metrics.verification import AllPairsResult, NamedPairsResult
from openfrs.evaluation.runner import TOTAL_SCORE
from openfrs.recognition.similarity import Calibration, calibration
from openfrs.vision.attributes.classifiers import metrics
from openfrs.vision.weights.manifest import manifest

from .result_types import RESULTS, AnyResult

BLOCK: Final = re.compile(r"(<!-- figures: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
CLASSIFIERS: Final = ("mask", "glasses", "hat", "beard", "hair")
LEFT_OUT: Final = {"roc", "wrong", "closest", "curve"}
"""What the pages have no use for: curves, and the names of pictures."""

FLATTERING: Final = "liveness"
"""Silent liveness on the pictures that taught it; ``scripts/train_liveness.py`` measures it on people that did not."""

SHORT: Final = (0.85, 0.93, 0.96)
"""Similarities of the short table."""


def read_figures(file: Path) -> dict[str, AnyResult]:
    """The published results, by name.

    Raises:
        OperatorError: the file holds something else.
    """
    try:
        return {name: RESULTS.validate_python(value) for name, value in json.loads(file.read_bytes()).items()}
    except ValueError as error:
        raise OperatorError(f"{file} holds no results of this release") from error


def write_figures(results: Mapping[str, AnyResult], file: Path) -> None:
    """Write results for publication. Those about videos name each of them, so they stay in the report, as do flattering ones."""
    figures = {
        name: result.model_dump(mode="json", exclude=LEFT_OUT)
        for name, result in sorted(results.items())
        if not isinstance(result, ActionResult) and name != FLATTERING
    }
    file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def blocks(results: Mapping[str, AnyResult], scale: Calibration) -> dict[str, str]:
    """The text of every block, by name."""
    told = {name: "\n".join(_block(table) for table in result.tables()) for name, result in results.items()}
    whole = calibration_table(scale)
    kept = [place for place, name in enumerate(whole.columns) if name != "cosine"]
    short = Table(
        whole.title,
        [whole.columns[place] for place in kept],
        [
            [row[place] for place in kept]
            for row, point in zip(whole.rows, scale.operating_points, strict=True)
            if point.similarity in SHORT
        ],
    )
    others = {f"calibration-{name}": calibration(name) for name in manifest().embedders if name != scale.embedder}
    return {
        **told,
        **{name: calibration_table(each).markdown() for name, each in others.items()},
        **{f"classifier-{name}": _block(classifier_table(name)) for name in CLASSIFIERS},
        "calibration": whole.markdown(),
        "similarity": short.markdown(),
        "headline": headline(results).markdown(),
    }


def classifier_table(name: str) -> Table:
    """Return the accuracy of a classifier on held-out images."""
    told = metrics(name)
    classes, counts = told["classes"], told["confusion_rows_are_truth"]
    rows = [
        (truth, *map(str, line), f"{100 * line[place] / sum(line):.1f} %")
        for place, (truth, line) in enumerate(zip(classes, counts, strict=True))
    ]
    words = [f"Held out: {told['held_out']}. Balanced accuracy {100 * told['balanced_accuracy']:.1f} %"]
    if "of_at_least_32_pixels" in told:
        words.append(f"of faces of at least 32 pixels {100 * told['of_at_least_32_pixels']['balanced_accuracy']:.1f} %")
    if "moustaches_told_a_beard" in told:
        words.append(f"moustaches alone that are told a beard: {told['moustaches_told_a_beard']}")
    if "right_by_source" in told:
        words.append(
            "right by source: " + ", ".join(f"{s} {100 * r:.1f} %" for s, r in told["right_by_source"].items())
        )
    return Table(
        f"Classifier: {name}",
        ("truth", *classes, "right"),
        rows,
        ["; ".join(words) + f". Trained on {told['trained_on']}."],
    )


def _block(table: Table) -> str:
    return "\n\n".join([table.markdown().rstrip(), *table.notes]) + "\n"


def headline(results: Mapping[str, AnyResult]) -> Table:
    """The few figures that a first page has room for."""
    rows = []
    match results.get("verification-pairs"):
        case NamedPairsResult() as pairs:
            rows.append(("LFW View 1, 1,000 test pairs judged right", pairs.best.percent(1)))
    match results.get("verification-all-pairs"):
        case AllPairsResult(points=points):
            for point in points:
                if point.false_match_rate in {1e-4, 1e-5}:
                    name = f"mated pairs that match, one in {round(1 / point.false_match_rate):,} pairs of strangers passing"
                    rows.append((name, point.true_match_rate.percent(1)))
    match results.get("identification"):
        case IdentificationResult(points=searches, people=people):
            for found in searches:
                if found.gallery == people and found.false_positive_rate == 0.01:
                    name = f"searches among {people:,} people that miss, 1 % of strangers being taken for somebody"
                    rows.append((name, found.misses.percent(1)))
    rows += _traits(results)
    match results.get("detection"):
        case DetectionResult(large_enough=recall):
            rows.append(
                ("faces of 20 pixels and more found in street photographs, most of them masked", recall.percent(1))
            )
    return Table("Headline", ("what", "figure (95 % interval)"), rows)


def _traits(results: Mapping[str, AnyResult]) -> list[tuple[str, str]]:
    rows = []
    match results.get("quality"):
        case RejectionResult(curves=curves):
            for curve in curves:
                if curve.score == TOTAL_SCORE:
                    told = "by how much refusing the tenth of lowest total_score lowers the misses at a false match rate of 1e-4"
                    rows.append((told, f"{100 * curve.lowered(0.10):.0f} %"))
    match results.get("attribute-gender-adults"):
        case ClassResult(accuracy=right):
            rows.append(("gender of adults told right", right.percent(1)))
    match results.get("attribute-age"):
        case NumberResult(error=error):
            rows.append(("age, mean error in years", error.shown()))
    return rows


def fill_page(page: str, texts: Mapping[str, str]) -> str:
    """A page with every block filled.

    Raises:
        OperatorError: a block has a name that nothing was measured for.
    """

    def text(block: re.Match[str]) -> str:
        if block[2] not in texts:
            raise OperatorError(f"there are no figures called {block[2]}")
        return block[1] + texts[block[2]] + block[3]

    return BLOCK.sub(text, page)
