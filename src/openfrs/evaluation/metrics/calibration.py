"""Calibration of an embedder from labelled images."""

import json
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.recognition.similarity import Calibration, OperatingPoint, fit_knots

from .pairs import AllPairs, share_reaching
from .results import Table

REPORTED_SIMILARITIES: Final = (0.40, 0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.93, 0.95, 0.96, 0.97, 0.98)
"""Similarities whose error rates are stored with the scale."""


def calibrate(pairs: AllPairs, *, embedder: str, data: str, images: int, people: int) -> Calibration:
    """Fit a scale to all pairs of faces, with the error rates at the similarities of :data:`REPORTED_SIMILARITIES`.

    Raises:
        OperatorError: there are too few impostor pairs for a monotone scale.
    """
    try:
        scale = Calibration(
            embedder=embedder,
            data=data,
            images=images,
            people=people,
            genuine_pairs=pairs.genuine.size,
            impostor_pairs=pairs.impostor.size,
            knots=tuple(fit_knots(pairs.impostor)),
            operating_points=(),
        )
    except ValueError as error:
        raise OperatorError("the images do not give a monotone scale; use images of more people") from error
    points = tuple(_point(pairs, similarity, scale.cosine(similarity)) for similarity in REPORTED_SIMILARITIES)
    return scale.model_copy(update={"operating_points": points})


def _point(pairs: AllPairs, similarity: float, cosine: float) -> OperatingPoint:
    return OperatingPoint(
        similarity=similarity,
        cosine=round(cosine, 4),
        false_match_rate=float(f"{share_reaching(pairs.impostor, cosine):.3g}"),
        true_match_rate=round(float((pairs.genuine >= cosine).mean()), 4),
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
            f"{point.cosine:.3f}",
            f"{point.false_match_rate:.1e}",
            f"{point.true_match_rate:.2%}",
        )
        for point in scale.operating_points
    ]
    note = (
        f"{scale.data}: {scale.images:,} images of {scale.people:,} people, {scale.genuine_pairs:,} mated and "
        f"{scale.impostor_pairs:,} impostor pairs, which are also those the scale was fitted to."
    )
    columns = ("similarity", "cosine", "false match rate", "true match rate")
    return Table(f"Calibration of {scale.embedder}", columns, rows, [note])
