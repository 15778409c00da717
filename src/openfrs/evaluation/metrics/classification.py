"""Attributes: how often a class is named right, how far a number is off."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from openfrs.core.errors import OperatorError

from .rates import Mean, Rate, mean_of, rate_of
from .results import Part, Result, Table

UNKNOWN: Final = "unknown"
"""What a predictor says that will not guess; it counts as wrong, and apart."""


class ClassGroup(Part):
    """How often one group of pictures is named right."""

    name: str
    right: Rate


class ClassResult(Result):
    """Truth against prediction over classes."""

    evaluation: Literal["class"] = "class"
    attribute: str
    truths: tuple[str, ...]
    predictions: tuple[str, ...]
    """The classes predicted, those of the truth first."""

    confusion: tuple[tuple[int, ...], ...]
    """How often each truth (row) was given each prediction (column)."""

    recalls: tuple[Rate, ...]
    accuracy: Rate
    balanced_accuracy: float
    """The mean of the recalls: what chance gets is one by the number of classes, however uneven they are."""

    answered: Rate
    """The share that was answered with anything but ``unknown``."""

    right_of_answered: Rate
    groups: tuple[ClassGroup, ...] = ()

    def tables(self) -> list[Table]:
        """The confusion matrix with recalls, and the summary."""
        rows = [
            (truth, *map(str, counts), recall.percent(1))
            for truth, counts, recall in zip(self.truths, self.confusion, self.recalls, strict=True)
        ]
        note = (
            f"{self.data}; {self.models}. {self.accuracy.trials:,} pictures: balanced accuracy "
            f"{100 * self.balanced_accuracy:.1f} %, right "
            f"{self.accuracy.percent(1)}, answered {self.answered.percent(1)}, right among the answered "
            f"{self.right_of_answered.percent(1)}. Intervals: 95 %, Wilson."
        )
        found = [Table(f"Attribute: {self.attribute}", ("truth", *self.predictions, "right"), rows, [note])]
        if self.groups:
            told = [(group.name, str(group.right.trials), group.right.percent(1)) for group in self.groups]
            found.append(Table(f"Attribute: {self.attribute}, by group", ("group", "pictures", "right"), told))
        return found


def class_result(
    attribute: str,
    truths: Sequence[str],
    predictions: Sequence[str],
    *,
    data: str,
    models: str,
    groups: Sequence[str] = (),
) -> ClassResult:
    """Hold predictions against the truth, one each a picture; ``groups`` names the group of each, to be told apart.

    Raises:
        OperatorError: there is nothing to compare.
    """
    if not truths:
        raise OperatorError(f"nothing is labelled with {attribute}")
    classes = sorted(set(truths))
    columns = classes + sorted(set(predictions) - set(classes))
    confusion = np.zeros((len(classes), len(columns)), np.int64)
    for truth, prediction in zip(truths, predictions, strict=True):
        confusion[classes.index(truth), columns.index(prediction)] += 1
    recalls = [rate_of(int(confusion[place, place]), int(confusion[place].sum())) for place in range(len(classes))]
    right = int(np.trace(confusion))
    answered = len(truths) - sum(prediction == UNKNOWN for prediction in predictions)
    return ClassResult(
        data=data,
        models=models,
        attribute=attribute,
        truths=tuple(classes),
        predictions=tuple(columns),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        recalls=tuple(recalls),
        accuracy=rate_of(right, len(truths)),
        balanced_accuracy=float(np.mean([recall.rate for recall in recalls])),
        answered=rate_of(answered, len(truths)),
        right_of_answered=rate_of(right, answered),
        groups=tuple(_group(name, truths, predictions, groups) for name in sorted(set(groups))),
    )


def _group(name: str, truths: Sequence[str], predictions: Sequence[str], groups: Sequence[str]) -> ClassGroup:
    right = [
        truth == prediction
        for truth, prediction, group in zip(truths, predictions, groups, strict=True)
        if group == name
    ]
    return ClassGroup(name=name, right=rate_of(sum(right), len(right)))


class NumberGroup(Part):
    """The error over a stretch of true values."""

    low: float
    high: float
    error: Mean
    bias: float


class NumberResult(Result):
    """How far predicted numbers are from the true ones."""

    evaluation: Literal["number"] = "number"
    attribute: str
    unit: str
    answered: Rate
    error: Mean
    """Mean absolute error."""

    bias: float
    """Mean of prediction less truth."""

    root_mean_square: float
    within: tuple[tuple[float, Rate], ...]
    """Shares that are off by at most so much."""

    groups: tuple[NumberGroup, ...]

    def tables(self) -> list[Table]:
        """The errors, over all and by stretch of the true value."""
        rows = [
            (f"{group.low:g} to {group.high:g}", str(group.error.trials), group.error.shown(), f"{group.bias:+.2f}")
            for group in self.groups
        ]
        rows.append(("all", str(self.error.trials), self.error.shown(), f"{self.bias:+.2f}"))
        shares = ", ".join(f"off by at most {limit:g}: {share.percent(1)}" for limit, share in self.within)
        note = (
            f"{self.data}; {self.models}. In {self.unit}; answered {self.answered.percent(1)}; root mean square "
            f"{self.root_mean_square:.2f}; {shares}. Intervals: 95 %."
        )
        columns = (f"true {self.attribute}", "pictures", "mean error", "bias")
        return [Table(f"Attribute: {self.attribute}", columns, rows, [note])]


def number_result(
    attribute: str,
    truths: Sequence[float],
    predictions: Sequence[float | None],
    *,
    unit: str,
    data: str,
    models: str,
    limits: Sequence[float] = (5, 10),
    edges: Sequence[float] = (),
) -> NumberResult:
    """Hold predicted numbers against true ones; None is no answer.

    ``edges`` cut the true values into stretches from one edge up to, not including, the next.

    Raises:
        OperatorError: nothing was answered.
    """
    given = [(truth, found) for truth, found in zip(truths, predictions, strict=True) if found is not None]
    if not given:
        raise OperatorError(f"no picture was given a value of {attribute}")
    true, guessed = np.array(given, np.float64).T
    off = guessed - true
    groups = []
    for low, high in pairwise(edges):
        inside = (true >= low) & (true < high)
        if inside.any():
            group = NumberGroup(low=low, high=high, error=mean_of(np.abs(off[inside])), bias=float(off[inside].mean()))
            groups.append(group)
    return NumberResult(
        data=data,
        models=models,
        attribute=attribute,
        unit=unit,
        answered=rate_of(len(given), len(truths)),
        error=mean_of(np.abs(off)),
        bias=float(off.mean()),
        root_mean_square=float(np.sqrt((off**2).mean())),
        within=tuple((limit, rate_of(int((np.abs(off) <= limit).sum()), off.size)) for limit in limits),
        groups=tuple(groups),
    )
