"""Open-set identification: finding whether the person of a picture is enrolled, and who it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError

from .pairs import count_below, threshold_at
from .rates import Booleans, Floats, Integers, Rate, clustered_rate_among
from .results import Chart, Part, Result, Table

FALSE_POSITIVE_RATES: Final = (0.01, 0.001)
GALLERY_SIZES: Final = (100, 300, 1_000, 3_000, 10_000)
DRAWS: Final = 10
"""How often people are drawn for a gallery smaller than all of them."""


class IdentificationPoint(Part):
    """Errors of a gallery of one size at one threshold."""

    gallery: int
    """People enrolled, with one picture each."""

    false_positive_rate: float
    """Asked for: the share of strangers for whom anybody is found."""

    strangers_found: float
    """How many strangers somebody is found for, the mean over the draws: the fewer, the less the row can be relied on."""

    threshold: float
    """Cosine, the mean over the draws."""

    misses: Rate
    """False negative identification rate: the person enrolled does not come first, or stays below the threshold."""


class IdentificationResult(Result):
    """FNIR at fixed FPIR against gallery size."""

    evaluation: Literal["identification"] = "identification"
    people: int
    probes: int
    """Pictures of enrolled people other than the enrolled one."""

    strangers: int
    """Pictures of people who are not enrolled."""

    points: tuple[IdentificationPoint, ...]

    def tables(self) -> list[Table]:
        """Misses by gallery size and false positive rate."""
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
            f"{self.data}: one picture enrolled of each person, {self.people:,} people, {self.probes:,} further pictures of them, "
            f"{self.strangers:,} pictures of strangers; {self.models}. A miss: the right person does not come first or stays below "
            f"the threshold. Galleries smaller than all: {DRAWS} draws. Intervals: 95 %, by drawing people again and again."
        )
        columns = ("enrolled", "false positive identifications", "strangers found", "cosine", "missed (FNIR)")
        return [Table("Identification, open set", columns, rows, [note])]

    def charts(self) -> list[Chart]:
        """Misses against gallery size."""
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
        return [Chart("identification", "Identification, open set", "people enrolled", "FNIR", series, x_scale="log")]


@dataclass(frozen=True, slots=True, eq=False)
class OpenSet:
    """Faces dealt out by place: who is enrolled, who asks, and who is a stranger; ``person`` numbers the enrolled from 0."""

    gallery: npt.NDArray[np.intp]
    probes: npt.NDArray[np.intp]
    person: npt.NDArray[np.intp]
    """The place in ``gallery`` of each probe's person."""

    strangers: npt.NDArray[np.intp]


def deal(people: Sequence[str]) -> OpenSet:
    """Enrol the first picture of everybody who has several; the others ask; who has one picture is a stranger.

    Raises:
        OperatorError: nobody has several, or nobody has only one.
    """
    places: dict[str, list[int]] = {}
    for place, name in enumerate(people):
        places.setdefault(name, []).append(place)
    several = [each for each in places.values() if len(each) > 1]
    strangers = [each[0] for each in places.values() if len(each) == 1]
    if not several or not strangers:
        raise OperatorError(
            "identification needs people with several pictures to enrol, and people with one as strangers"
        )
    return OpenSet(
        gallery=np.array([each[0] for each in several], np.intp),
        probes=np.array([place for each in several for place in each[1:]], np.intp),
        person=np.array([number for number, each in enumerate(several) for _ in each[1:]], np.intp),
        strangers=np.array(strangers, np.intp),
    )


def identification_result(
    rows: npt.NDArray[np.float32], people: Sequence[str], *, data: str, models: str
) -> IdentificationResult:
    """Measure open-set identification over unit embeddings, shape (n, dimension), of people, one name a row."""
    dealt = deal(people)
    probes = rows[dealt.probes] @ rows[dealt.gallery].T
    strangers = rows[dealt.strangers] @ rows[dealt.gallery].T
    everybody = len(dealt.gallery)
    points = []
    for size in [*(each for each in GALLERY_SIZES if each < everybody), everybody]:
        draws = [_draw(everybody, size, number) for number in range(DRAWS if size < everybody else 1)]
        for rate in FALSE_POSITIVE_RATES:
            found = [_misses(probes, dealt.person, strangers, drawn, rate) for drawn in draws]
            missed, asking = (np.concatenate([each[place] for each in found]) for place in (2, 3))
            points.append(
                IdentificationPoint(
                    gallery=size,
                    false_positive_rate=rate,
                    threshold=float(np.mean([each[0] for each in found])),
                    strangers_found=float(np.mean([each[1] for each in found])),
                    misses=clustered_rate_among(missed.astype(np.bool_), asking),
                )
            )
    return IdentificationResult(
        data=data,
        models=models,
        people=everybody,
        probes=len(dealt.probes),
        strangers=len(dealt.strangers),
        points=tuple(points),
    )


def _draw(everybody: int, size: int, number: int) -> npt.NDArray[np.intp]:
    return np.sort(np.random.default_rng([size, number]).permutation(everybody)[:size])


def _misses(
    probes: npt.NDArray[Any], person: Integers, strangers: Floats, drawn: Integers, rate: float
) -> tuple[float, int, Booleans, Integers]:
    """The threshold, how many strangers reach it, which probes of the people drawn are missed, and the number of their person."""
    nearest = np.sort(strangers[:, drawn].max(axis=1))
    threshold = threshold_at(nearest, rate)
    (asking,) = np.nonzero(np.isin(person, drawn))
    scores = probes[asking][:, drawn]
    best = scores.argmax(axis=1)
    reached = scores[np.arange(len(asking)), best] >= threshold
    return (
        threshold,
        nearest.size - count_below(nearest, threshold),
        ~(reached & (drawn[best] == person[asking])),
        person[asking],
    )
