"""Open-set identification: FNIR at fixed FPIR by gallery size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError

from .pairs import count_below, threshold_at
from .rates import Booleans, Floats, Integers, Rate, clustered_rate_among
from .results import Chart, Part, Result, Table

FALSE_POSITIVE_RATES: Final = (0.01, 0.001)
GALLERY_SIZES: Final = (100, 300, 1_000, 3_000, 10_000)
DRAWS: Final = 10
"""Number of random draws of people for galleries smaller than all people."""


class IdentificationPoint(Part):
    """Errors for a gallery size at a threshold."""

    gallery: int
    """Number of people enrolled with one image each."""

    false_positive_rate: float
    """Target FPIR: share of impostor probes with a result above the threshold."""

    strangers_found: float
    """Number of impostor probes with a result, mean over the draws: few make the row unreliable."""

    threshold: float
    """Score, mean over the draws."""

    misses: Rate
    """FNIR: the enrolled person is not first, or is below the threshold."""


class IdentificationResult(Result):
    """FNIR at fixed FPIR by gallery size."""

    evaluation: Literal["identification"] = "identification"
    people: int
    probes: int
    """Further images of enrolled people (mated probes)."""

    strangers: int
    """Images of people who are not enrolled (impostor probes)."""

    points: tuple[IdentificationPoint, ...]

    def tables(self) -> list[Table]:
        """FNIR by gallery size and FPIR."""
        rows = [
            (
                f"{point.gallery:,}",
                f"{100 * point.false_positive_rate:g} %",
                f"{point.strangers_found:.0f}",
                f"{point.threshold:.3f}",
                point.misses.percent(),
            )
            for point in self.points
        ]
        note = (
            f"{self.data}: {self.people:,} people enrolled with one image each, {self.probes:,} mated probes, "
            f"{self.strangers:,} impostor probes; {self.models}. FNIR: the enrolled person is not first, or is below the "
            f"threshold. Galleries smaller than all people: {DRAWS} random draws. Intervals: 95 %, bootstrap over people."
        )
        columns = ("gallery", "FPIR", "false positives", "score", "FNIR")
        return [Table("Identification, open set", columns, rows, [note])]

    def charts(self) -> list[Chart]:
        """FNIR by gallery size."""
        series = [
            (
                f"FPIR {rate:.1%}",
                [
                    (float(point.gallery), point.misses.rate)
                    for point in self.points
                    if point.false_positive_rate == rate
                ],
            )
            for rate in FALSE_POSITIVE_RATES
        ]
        return [Chart("identification", "Identification, open set", "gallery size", "FNIR", series, x_scale="log")]


@dataclass(frozen=True, slots=True, eq=False)
class OpenSet:
    """Indices of the faces in the gallery, of mated probes, and of impostor probes."""

    gallery: npt.NDArray[np.intp]
    probes: npt.NDArray[np.intp]
    person: npt.NDArray[np.intp]
    """For each mated probe, the index of its person in ``gallery``."""

    strangers: npt.NDArray[np.intp]


def split_open_set(people: Sequence[str]) -> OpenSet:
    """Enrol the first image of people with several, probe with the others, and use people with one image as impostors.

    Raises:
        OperatorError: no person has several images, or none has only one.
    """
    indices: dict[str, list[int]] = {}
    for index, name in enumerate(people):
        indices.setdefault(name, []).append(index)
    several = [each for each in indices.values() if len(each) > 1]
    strangers = [each[0] for each in indices.values() if len(each) == 1]
    if not several or not strangers:
        raise OperatorError(
            "identification needs people with several images to enrol, and people with one image as impostors"
        )
    return OpenSet(
        gallery=np.array([each[0] for each in several], np.intp),
        probes=np.array([index for each in several for index in each[1:]], np.intp),
        person=np.array([number for number, each in enumerate(several) for _ in each[1:]], np.intp),
        strangers=np.array(strangers, np.intp),
    )


def identification_result(
    embeddings: npt.NDArray[np.float32],
    people: Sequence[str],
    *,
    data: str,
    models: str,
    biases: npt.NDArray[np.float32] | None = None,
) -> IdentificationResult:
    """Measure open-set identification with unit embeddings, shape (n, dimension), and the name of each embedding's person.

    The score of a pair is its cosine plus the ``biases``, shape (n,), of both.
    """
    split = split_open_set(people)
    added = np.zeros(len(embeddings), np.float32) if biases is None else biases

    def scores(rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        cosines = embeddings[rows] @ embeddings[split.gallery].T
        return np.asarray(cosines + added[rows, None] + added[None, split.gallery], np.float32)

    probes, strangers = scores(split.probes), scores(split.strangers)
    total = len(split.gallery)
    points = []
    for size in [*(each for each in GALLERY_SIZES if each < total), total]:
        draws = [_draw(total, size, number) for number in range(DRAWS if size < total else 1)]
        for rate in FALSE_POSITIVE_RATES:
            searches = [_search(probes, split.person, strangers, drawn, rate) for drawn in draws]
            missed = np.concatenate([each.missed for each in searches])
            person = np.concatenate([each.person for each in searches])
            points.append(
                IdentificationPoint(
                    gallery=size,
                    false_positive_rate=rate,
                    threshold=float(np.mean([each.threshold for each in searches])),
                    strangers_found=float(np.mean([each.strangers_found for each in searches])),
                    misses=clustered_rate_among(missed, person),
                )
            )
    return IdentificationResult(
        data=data,
        models=models,
        people=total,
        probes=len(split.probes),
        strangers=len(split.strangers),
        points=tuple(points),
    )


def _draw(total: int, size: int, number: int) -> npt.NDArray[np.intp]:
    """Return the indices of ``size`` of ``total`` people, drawn with the seed ``number``."""
    return np.sort(np.random.default_rng([size, number]).permutation(total)[:size])


class _Searches(NamedTuple):
    """The searches of all probes in one gallery."""

    threshold: float
    strangers_found: int
    """Number of impostor probes that reach the threshold."""

    missed: Booleans
    """True for each mated probe whose person is not found."""

    person: Integers
    """Index of the person of each mated probe."""


def _search(probes: npt.NDArray[Any], person: Integers, strangers: Floats, drawn: Integers, rate: float) -> _Searches:
    """Search the people in ``drawn``, at the threshold with an FPIR of ``rate``."""
    nearest = np.sort(strangers[:, drawn].max(axis=1))
    threshold = threshold_at(nearest, rate)
    (mated,) = np.nonzero(np.isin(person, drawn))
    scores = probes[mated][:, drawn]
    best = scores.argmax(axis=1)
    reached = scores[np.arange(len(mated)), best] >= threshold
    return _Searches(
        threshold,
        strangers_found=nearest.size - count_below(nearest, threshold),
        missed=~(reached & (drawn[best] == person[mated])),
        person=person[mated],
    )
