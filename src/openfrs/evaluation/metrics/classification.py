"""Attributes: accuracy of classes, and errors of numbers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from openfrs.core.errors import OperatorError

from .rates import Mean, Rate, mean_of, rate_of
from .results import Part, Result, Table

UNKNOWN: Final = "unknown"
"""Prediction if the class is unknown; it counts as wrong, and its share is reported separately."""


class ClassGroup(Part):
    """Accuracy for one group of images."""

    name: str
    right: Rate


class ClassResult(Result):
    """Predicted classes compared with the truth."""

    evaluation: Literal["class"] = "class"
    attribute: str
    truths: tuple[str, ...]
    predictions: tuple[str, ...]
    """The predicted classes; those of the truth come first."""

    confusion: tuple[tuple[int, ...], ...]
    """Number of images by truth (row) and prediction (column)."""

    recalls: tuple[Rate, ...]
    accuracy: Rate
    balanced_accuracy: float
    """Mean of the recalls; chance level is 1 / number of classes, regardless of their frequencies."""

    answered: Rate
    """Share of predictions other than ``unknown``."""

    right_of_answered: Rate
    groups: tuple[ClassGroup, ...] = ()

    def tables(self) -> list[Table]:
        """The confusion matrix with recalls, and the accuracy by group."""
        rows = [
            (truth, *map(str, counts), recall.percent(1))
            for truth, counts, recall in zip(self.truths, self.confusion, self.recalls, strict=True)
        ]
        note = (
            f"{self.data}; {self.models}. {self.accuracy.trials:,} images: balanced accuracy "
            f"{100 * self.balanced_accuracy:.1f} %, accuracy "
            f"{self.accuracy.percent(1)}, answered {self.answered.percent(1)}, accuracy of the answered "
            f"{self.right_of_answered.percent(1)}. Intervals: 95 %, Wilson."
        )
        tables = [Table(f"Attribute: {self.attribute}", ("truth", *self.predictions, "recall"), rows, [note])]
        if self.groups:
            groups = [(group.name, str(group.right.trials), group.right.percent(1)) for group in self.groups]
            tables.append(Table(f"Attribute: {self.attribute}, by group", ("group", "images", "accuracy"), groups))
        return tables


def class_result(
    attribute: str,
    truths: Sequence[str],
    predictions: Sequence[str],
    *,
    data: str,
    models: str,
    groups: Sequence[str] = (),
) -> ClassResult:
    """Compare predictions with the truth, one of each per image; ``groups`` are reported separately.

    Raises:
        OperatorError: there are no labels.
    """
    if not truths:
        raise OperatorError(f"no image has a label for {attribute}")
    classes = sorted(set(truths))
    columns = classes + sorted(set(predictions) - set(classes))
    confusion = np.zeros((len(classes), len(columns)), np.int64)
    for truth, prediction in zip(truths, predictions, strict=True):
        confusion[classes.index(truth), columns.index(prediction)] += 1
    recalls = [rate_of(int(confusion[index, index]), int(confusion[index].sum())) for index in range(len(classes))]
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
    """The error for an interval of true values."""

    low: float
    high: float
    error: Mean
    bias: float


class NumberResult(Result):
    """Predicted numbers compared with the truth."""

    evaluation: Literal["number"] = "number"
    attribute: str
    unit: str
    answered: Rate
    error: Mean
    """Mean absolute error."""

    bias: float
    """Mean of prediction minus truth."""

    root_mean_square: float
    within: tuple[tuple[float, Rate], ...]
    """Limits of the absolute error, and the share of predictions within each."""

    groups: tuple[NumberGroup, ...]

    def tables(self) -> list[Table]:
        """The errors in total and by interval of the true value."""
        rows = [
            (f"{group.low:g} to {group.high:g}", str(group.error.trials), group.error.formatted(), f"{group.bias:+.2f}")
            for group in self.groups
        ]
        rows.append(("all", str(self.error.trials), self.error.formatted(), f"{self.bias:+.2f}"))
        shares = ", ".join(f"within {limit:g}: {share.percent(1)}" for limit, share in self.within)
        note = (
            f"{self.data}; {self.models}. In {self.unit}; answered {self.answered.percent(1)}; root mean square "
            f"{self.root_mean_square:.2f}; {shares}. Intervals: 95 %."
        )
        columns = (f"true {self.attribute}", "images", "mean absolute error", "bias")
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
    """Compare predicted numbers with the truth; None counts as unanswered.

    ``edges`` are those of half-open intervals of true values that are reported separately.

    Raises:
        OperatorError: there are no predictions.
    """
    answered = [(truth, each) for truth, each in zip(truths, predictions, strict=True) if each is not None]
    if not answered:
        raise OperatorError(f"no image has a prediction of {attribute}")
    true, predicted = np.array(answered, np.float64).T
    errors = predicted - true
    groups = []
    for low, high in pairwise(edges):
        inside = (true >= low) & (true < high)
        if inside.any():
            group = NumberGroup(
                low=low, high=high, error=mean_of(np.abs(errors[inside])), bias=float(errors[inside].mean())
            )
            groups.append(group)
    return NumberResult(
        data=data,
        models=models,
        attribute=attribute,
        unit=unit,
        answered=rate_of(len(answered), len(truths)),
        error=mean_of(np.abs(errors)),
        bias=float(errors.mean()),
        root_mean_square=float(np.sqrt((errors**2).mean())),
        within=tuple((limit, rate_of(int((np.abs(errors) <= limit).sum()), errors.size)) for limit in limits),
        groups=tuple(groups),
    )
