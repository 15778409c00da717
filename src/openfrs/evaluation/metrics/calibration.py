"""Calibration of an embedder from labelled images."""

import json
import math
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.recognition.similarity import (
    MATCH_THRESHOLD,
    MIN_IMPOSTOR_PAIRS,
    SIMILARITY_BY_FALSE_MATCH_RATE,
    Calibration,
    OperatingPoint,
    fit_knots,
)

from .pairs import AllPairs, share_reaching
from .results import Table

REPORTED_SIMILARITIES: Final = (0.40, 0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.93, 0.95, 0.96, 0.97, 0.98)
"""Similarities whose error rates are stored with the scale."""

MATCH_RATE: Final = next(
    rate for rate, similarity in SIMILARITY_BY_FALSE_MATCH_RATE.items() if similarity == MATCH_THRESHOLD
)
"""The false match rate that a scale assigns to the match threshold."""

MIN_PEOPLE: Final = next(people for people in range(2, 1000) if math.comb(people, 2) * MATCH_RATE >= 1)
"""Minimum number of people: one pair of different people is expected at the match threshold. More images do not replace them."""

MIN_MATED_PAIRS: Final = 100
"""Minimum number of mated pairs: a true match rate is then known to the percent."""


def calibrate(pairs: AllPairs, *, embedder: str, data: str, images: int, people: int, cohort: str = "") -> Calibration:
    """Fit a scale to all pairs of faces, with the error rates at the similarities of :data:`REPORTED_SIMILARITIES`.

    ``cohort`` is the identity of the cohort that the scores are normalised with.

    Raises:
        OperatorError: there are too few people, mated pairs or impostor pairs for the error rates at the match threshold.
    """
    _require_support(pairs, images, people)
    try:
        scale = Calibration(
            embedder=embedder,
            data=data,
            cohort=cohort,
            images=images,
            people=people,
            genuine_pairs=pairs.genuine.size,
            impostor_pairs=pairs.impostor.size,
            knots=tuple(fit_knots(pairs.impostor)),
            operating_points=(),
        )
    except ValueError as error:
        raise OperatorError("the images do not give a monotone scale; use images of more people") from error
    points = tuple(_point(pairs, similarity, scale.score(similarity)) for similarity in REPORTED_SIMILARITIES)
    return scale.model_copy(update={"operating_points": points})


def _require_support(pairs: AllPairs, images: int, people: int) -> None:
    least_impostor_pairs = round(MIN_IMPOSTOR_PAIRS / MATCH_RATE)
    for count, least, name, advice in (
        (people, MIN_PEOPLE, "people", "add images of more people"),
        (pairs.genuine.size, MIN_MATED_PAIRS, "mated pairs", "add a second image of more people"),
        (pairs.impostor.size, least_impostor_pairs, "impostor pairs", "add images of more people"),
    ):
        if count < least:
            raise OperatorError(
                f"{images:,} images of {people:,} people have {count:,} {name}; a scale with reliable error rates at similarity "
                f"{MATCH_THRESHOLD} needs at least {least:,}; {advice}"
            )


def _point(pairs: AllPairs, similarity: float, score: float) -> OperatingPoint:
    return OperatingPoint(
        similarity=similarity,
        score=round(score, 4),
        false_match_rate=float(f"{share_reaching(pairs.impostor, score):.3g}"),
        true_match_rate=round(float((pairs.genuine >= score).mean()), 4),
    )


def write(scale: Calibration, file: Path) -> None:
    """Write a calibration file.

    Raises:
        OperatorError: the file cannot be written.
    """
    try:
        file.write_text(json.dumps(scale.model_dump(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"cannot write {file}: {error.strerror}") from error


def calibration_table(scale: Calibration) -> Table:
    """Return the table of error rates by similarity."""
    rows = [
        (
            f"{point.similarity:.2f}",
            f"{point.score:.3f}",
            f"{point.false_match_rate:.1e}",
            f"{point.true_match_rate:.2%}",
        )
        for point in scale.operating_points
    ]
    note = (
        f"{scale.data}: {scale.images:,} images of {scale.people:,} people, {scale.genuine_pairs:,} mated and "
        f"{scale.impostor_pairs:,} impostor pairs, which are also those the scale was fitted to."
    )
    columns = ("similarity", "score", "false match rate", "true match rate")
    return Table(f"Calibration of {scale.embedder}", columns, rows, [note])
