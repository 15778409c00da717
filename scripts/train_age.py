"""Fit the correction of the estimated age of ``openfrs.vision.attributes.demographics``.

    python scripts/train_age.py DATA --output src/openfrs/vision/weights/trained/age.json

DATA is a directory of labelled sets: the correction is fitted on ``demographics`` and measured on ``age-gender``, which shows other
people. It is monotone and linear between knots. One knot is the estimate that few under-18s exceed; it is corrected to 17.5. The
ages of the knots above have the least error for adults.
"""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
import typer
from rich.progress import track

from openfrs.core.settings import Settings
from openfrs.evaluation.metrics.rates import mean_of, rate_among
from openfrs.evaluation.suite import padded
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import find_main_face_in
from openfrs.vision.attributes.demographics import uncorrected_age
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache

WORKERS: Final = 4
ADULT: Final = 17.5
"""Ages are rounded in the answers."""

MAX_TOLD_ADULT: Final = 0.09
"""Share of the under-18s that are told to be adults, in the set of the fit."""

Ages = npt.NDArray[np.float64]


def estimates(weights: WeightCache, folder: Path) -> tuple[Ages, Ages]:
    """Return the true ages and the uncorrected estimates of the faces of a set."""
    runtime = Runtime(WORKERS)
    pipeline, session = ModelPipeline(weights, runtime), runtime.session(weights.path("age"))

    def estimate(row: dict[str, str]) -> tuple[float, float] | None:
        image = padded(EncodedImage.from_file(folder / row["path"]).decode(), 0.3)
        face = find_main_face_in(pipeline, image)
        return None if face is None else (float(row["age"]), uncorrected_age(session, image, face))

    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines, ThreadPoolExecutor(WORKERS) as pool:
        rows = [*csv.DictReader(lines)]
        found = [each for each in track(pool.map(estimate, rows), total=len(rows)) if each is not None]
    truths, estimated = np.array(found).T
    return truths, estimated


def fit(truths: Ages, estimated: Ages) -> tuple[Ages, Ages]:
    """Return the estimates and the ages of the knots."""
    cut = float(np.quantile(estimated[truths < ADULT], 1 - MAX_TOLD_ADULT))
    knots = np.array([0, 10, cut, cut + 0.5, 30, 40, 50, 60, 70, 80]).round(2)
    ages, adult = np.where(knots == knots[2], ADULT, knots), truths >= ADULT

    def error(candidate: Ages) -> float:
        return float(np.abs(np.interp(estimated, knots, candidate) - truths)[adult].mean())

    improved = True
    while improved:
        improved = False
        for index in range(3, len(knots)):
            for step in (-1, -0.5, 0.5, 1):
                candidate = ages.copy()
                candidate[index] += step
                if (np.diff(candidate) > 0).all() and error(candidate) < error(ages) - 1e-6:
                    ages, improved = candidate, True
    return knots, ages


def figures(truths: Ages, answers: Ages) -> dict[str, Any]:
    """Return the errors of answered ages."""
    minor, adult, told = truths < ADULT, truths >= ADULT, answers >= ADULT
    rates = {"under_18_told_adult": minor, "13_to_17_told_adult": minor & (truths >= 13), "adult_told_under_18": adult}
    return {
        **{name: rate_among(told[rows] != adult[rows]).percent(1) for name, rows in rates.items()},
        "error_of_adults": mean_of(np.abs(answers - truths)[adult]).formatted(),
        "error_of_under_18": mean_of(np.abs(answers - truths)[minor]).formatted(),
    }


def main(
    data: Annotated[Path, typer.Argument(help="Directory of the labelled sets.")],
    output: Annotated[Path, typer.Option(help="Output file.")],
    models: Annotated[Path | None, typer.Option(help="Directory of the model weights.")] = None,
) -> None:
    """Estimate ages, fit the correction and write it to a file."""
    weights = WeightCache.open(models or Settings().models)
    truths, estimated = estimates(weights, data / "demographics")
    knots, ages = fit(truths, estimated)
    held_truths, held = estimates(weights, data / "age-gender")
    content = {
        "trained_on": f"{len(truths)} faces of demographics (UTKFace)",
        "held_out": f"{len(held)} faces of age-gender (UTKFace); rates in percent, errors in years",
        "uncorrected": figures(held_truths, held),
        "corrected": figures(held_truths, np.interp(held, knots, ages)),
        "estimates": knots.tolist(),
        "ages": ages.round(2).tolist(),
    }
    output.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    typer.run(main)
