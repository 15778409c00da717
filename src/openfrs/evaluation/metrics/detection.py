"""Detection: recall by face size, and precision."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from openfrs.core.geometry import Edges, pairwise_intersection_over_union

from .rates import Rate, clustered_rate_among
from .results import Chart, Part, Result, Table

OVERLAP: Final = 0.4
"""Minimum intersection over union at which a box matches a labelled face. Conventions for boxes of faces differ."""

SIZES: Final = (0, 12, 16, 20, 32, 64, 128)
"""Lower edges, in pixels, of the intervals of face size: the geometric mean of width and height."""


class SizeGroup(Part):
    """Recall for an interval of face sizes."""

    at_least: int
    below: int | None
    recall: Rate


class DetectionResult(Result):
    """Recall by face size, and false positives."""

    evaluation: Literal["detection"] = "detection"
    images: int
    unreadable: int
    faces: int
    overlap: float
    groups: tuple[SizeGroup, ...]
    large_enough: Rate
    """Recall over faces of at least 20 pixels."""

    precision: Rate
    """Share of boxes that match a labelled face: a lower bound if small faces are not labelled."""

    false_positives_per_image: float

    def tables(self) -> list[Table]:
        """Recall by size, and false positives."""
        rows = [(_interval(group), f"{group.recall.trials:,}", group.recall.percent(1)) for group in self.groups]
        rows.append(("20 and larger", f"{self.large_enough.trials:,}", self.large_enough.percent(1)))
        note = (
            f"{self.data}: {self.images:,} images, {self.faces:,} labelled faces; {self.models}. A face is detected if a box "
            f"overlaps it by {self.overlap:g} (intersection over union). Boxes without a labelled face: "
            f"{self.false_positives_per_image:.3f} per image; precision at least {self.precision.percent(1)}, because not every "
            "small face is labelled. Intervals: 95 %, bootstrap over images."
        )
        return [Table("Detection", ("face size, pixels", "faces", "recall"), rows, [note])]

    def charts(self) -> list[Chart]:
        """Recall by size."""
        points = [(float(max(group.at_least, 8)), group.recall.rate) for group in self.groups if group.recall.trials]
        return [
            Chart("detection", "Detection", "face size from, pixels", "recall", [(self.models, points)], x_scale="log")
        ]


def _interval(group: SizeGroup) -> str:
    return f"{group.at_least} and larger" if group.below is None else f"{group.at_least} to {group.below}"


def match_boxes(
    labelled: Edges, detected: Edges, overlap: float = OVERLAP
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Match labelled faces and boxes one to one, in order of overlap; return masks of the matched faces and boxes."""
    matched, correct = np.zeros(len(labelled), np.bool_), np.zeros(len(detected), np.bool_)
    overlaps = pairwise_intersection_over_union(labelled, detected)
    for index in np.argsort(-overlaps, axis=None, kind="stable"):
        face, box = np.unravel_index(index, overlaps.shape)
        if overlaps[face, box] < overlap:
            break
        if not matched[face] and not correct[box]:
            matched[face] = correct[box] = True
    return matched, correct


def detection_result(
    labelled: Sequence[Edges],
    detected: Sequence[Edges],
    *,
    data: str,
    models: str,
    unreadable: int = 0,
    overlap: float = OVERLAP,
) -> DetectionResult:
    """Compare the detected boxes of each image with the labelled ones."""
    matches = [match_boxes(truth, boxes, overlap) for truth, boxes in zip(labelled, detected, strict=True)]
    hits = np.concatenate([np.empty(0, np.bool_), *(matched for matched, _ in matches)])
    correct = np.concatenate([np.empty(0, np.bool_), *(each for _, each in matches)])
    boxes = np.concatenate([np.empty((0, 4)), *labelled])
    sizes = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    image = np.repeat(np.arange(len(labelled)), [len(each) for each in labelled])
    image_of_box = np.repeat(np.arange(len(detected)), [len(each) for each in detected])

    def recall(inside: npt.NDArray[np.bool_]) -> Rate:
        return clustered_rate_among(hits[inside], image[inside])

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
        precision=clustered_rate_among(correct, image_of_box),
        false_positives_per_image=float((~correct).sum()) / max(1, len(detected)),
    )
