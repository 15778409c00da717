"""Detection: which labelled faces are found, by their size."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from openfrs.core.geometry import Edges, pairwise_intersection_over_union

from .rates import Rate, clustered_rate_among
from .results import Chart, Part, Result, Table

OVERLAP: Final = 0.4
"""Intersection over union from which a box counts as that of a labelled face. People draw boxes of faces in different ways."""

SIZES: Final = (0, 12, 16, 20, 32, 64, 128)
"""Lower edges, in pixels, of the stretches of face size: the geometric mean of width and height."""


class SizeGroup(Part):
    """The faces of a stretch of sizes."""

    at_least: int
    below: int | None
    recall: Rate


class DetectionResult(Result):
    """Recall by face size, and what is found besides."""

    evaluation: Literal["detection"] = "detection"
    images: int
    unreadable: int
    faces: int
    overlap: float
    groups: tuple[SizeGroup, ...]
    large_enough: Rate
    """Recall over faces of at least 20 pixels."""

    precision: Rate
    """The share of boxes that meet a labelled face: a lower bound, where small faces were left unlabelled."""

    false_positives_per_image: float

    def tables(self) -> list[Table]:
        """Recall by size, and false positives."""
        rows = [(_stretch(group), f"{group.recall.trials:,}", group.recall.percent(1)) for group in self.groups]
        rows.append(("20 and more", f"{self.large_enough.trials:,}", self.large_enough.percent(1)))
        note = (
            f"{self.data}: {self.images:,} pictures, {self.faces:,} labelled faces; {self.models}. A face is found when "
            f"a box overlaps it by {self.overlap:g} (intersection over union). Boxes that meet no labelled face: "
            f"{self.false_positives_per_image:.3f} a picture; precision at least {self.precision.percent(1)}, because not every "
            "small face is labelled. Intervals: 95 %, by drawing pictures again and again."
        )
        return [Table("Detection", ("face size, pixels", "faces", "found"), rows, [note])]

    def charts(self) -> list[Chart]:
        """Recall against size."""
        points = [(float(max(group.at_least, 8)), group.recall.rate) for group in self.groups if group.recall.trials]
        return [
            Chart("detection", "Detection", "face size from, pixels", "recall", [(self.models, points)], x_scale="log")
        ]


def _stretch(group: SizeGroup) -> str:
    return f"{group.at_least} and more" if group.below is None else f"{group.at_least} to {group.below}"


def matched(
    labelled: Edges, found: Edges, overlap: float = OVERLAP
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which labelled faces are found and which boxes found one; the best overlaps are taken first, each box and face once."""
    hit, used = np.zeros(len(labelled), np.bool_), np.zeros(len(found), np.bool_)
    shared = pairwise_intersection_over_union(labelled, found)
    for place in np.argsort(-shared, axis=None, kind="stable"):
        face, box = np.unravel_index(place, shared.shape)
        if shared[face, box] < overlap:
            break
        if not hit[face] and not used[box]:
            hit[face] = used[box] = True
    return hit, used


def detection_result(
    labelled: Sequence[Edges],
    found: Sequence[Edges],
    *,
    data: str,
    models: str,
    unreadable: int = 0,
    overlap: float = OVERLAP,
) -> DetectionResult:
    """Hold the boxes found in each picture against those labelled in it."""
    matches = [matched(truth, boxes, overlap) for truth, boxes in zip(labelled, found, strict=True)]
    hits = np.concatenate([np.empty(0, np.bool_), *(hit for hit, _ in matches)])
    used = np.concatenate([np.empty(0, np.bool_), *(each for _, each in matches)])
    boxes = np.concatenate([np.empty((0, 4)), *labelled])
    sizes = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    picture = np.repeat(np.arange(len(labelled)), [len(each) for each in labelled])
    picture_of_box = np.repeat(np.arange(len(found)), [len(each) for each in found])

    def recall(inside: npt.NDArray[np.bool_]) -> Rate:
        return clustered_rate_among(hits[inside], picture[inside])

    groups = []
    for low, high in zip(SIZES, [*SIZES[1:], None], strict=True):
        inside = (sizes >= low) & (sizes < (np.inf if high is None else high))
        groups.append(SizeGroup(at_least=low, below=high, recall=recall(inside)))
    return DetectionResult(
        data=data,
        models=models,
        images=len(labelled),
        unreadable=unreadable,
        faces=len(boxes),
        overlap=overlap,
        groups=tuple(groups),
        large_enough=recall(sizes >= 20),
        precision=clustered_rate_among(used, picture_of_box),
        false_positives_per_image=float((~used).sum()) / max(1, len(found)),
    )
