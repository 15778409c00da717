"""Scores of pairs of faces, and thresholds on them."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError

from .rates import Booleans, Floats, Integers

MAX_FACES: Final = 20_000
"""Maximum number of faces, which limits memory: each pair takes four bytes."""

BLOCK: Final = 512
CLOSEST: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class AllPairs:
    """All pairs of some faces.

    ``genuine`` and ``impostor`` are the scores of mated and impostor pairs, ``impostor`` in ascending order. ``first`` and
    ``second`` are the indices of the faces of mated pairs; ``person`` is the number of their person.
    """

    genuine: npt.NDArray[np.float32]
    impostor: npt.NDArray[np.float32]
    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    person: npt.NDArray[np.intp]
    closest: list[tuple[int, int, float]]
    """Indices and score of the :data:`CLOSEST` most similar impostor pairs, best first: they reveal wrong labels."""


def all_pairs(
    embeddings: npt.NDArray[np.float32], people: npt.NDArray[Any], biases: npt.NDArray[np.float32] | None = None
) -> AllPairs:
    """Compare all pairs of unit embeddings, shape (n, dimension); ``people``, shape (n,), names the person of each.

    The score of a pair is its cosine plus the ``biases``, shape (n,), of both.

    Raises:
        OperatorError: there are too many faces, no mated pairs or no impostor pairs.
    """
    if len(embeddings) > MAX_FACES:
        raise OperatorError(
            f"{len(embeddings)} faces are too many for all pairs; use at most {MAX_FACES} faces, or a list of pairs"
        )
    _, number = np.unique(people, return_inverse=True)
    genuine, impostor, first, second = [], [], [], []
    closest: list[tuple[int, int, float]] = []
    for start in range(0, len(embeddings), BLOCK):
        block = slice(start, start + BLOCK)
        cosines = embeddings[block] @ embeddings[start:].T
        if biases is not None:
            cosines += biases[block, None] + biases[None, start:]
        later = np.triu(np.ones(cosines.shape, np.bool_), 1)
        same = number[block, None] == number[None, start:]
        row, column = np.nonzero(same & later)
        genuine.append(cosines[row, column])
        first.append(row + start)
        second.append(column + start)
        impostor.append(cosines[~same & later])
        row, column = np.nonzero(~same & later)
        top = np.argsort(-impostor[-1], kind="stable")[:CLOSEST]
        closest += [(int(row[index]) + start, int(column[index]) + start, float(impostor[-1][index])) for index in top]
    pairs = AllPairs(
        np.concatenate(genuine or [np.empty(0, np.float32)]),
        np.sort(np.concatenate(impostor or [np.empty(0, np.float32)])),
        np.concatenate(first or [np.empty(0, np.intp)]),
        np.concatenate(second or [np.empty(0, np.intp)]),
        number[np.concatenate(first)] if first else np.empty(0, np.intp),
        sorted(closest, key=lambda pair: -pair[2])[:CLOSEST],
    )
    if not pairs.genuine.size or not pairs.impostor.size:
        raise OperatorError("the images have no mated pairs or no impostor pairs")
    return pairs


def threshold_at(impostor: Floats, rate: float) -> float:
    """Return the smallest threshold that at most ``rate`` (0..1) of the ascending impostor cosines reach."""
    allowed = int(rate * impostor.size + 1e-9)
    if allowed >= impostor.size:
        return -1.0
    return float(np.nextafter(impostor[impostor.size - 1 - allowed], impostor.dtype.type(np.inf)))


def share_reaching(ordered: Floats, threshold: float) -> float:
    """Return the share of ascending values that are at least ``threshold``."""
    return (ordered.size - count_below(ordered, threshold)) / ordered.size


def count_below(ordered: Floats, threshold: float) -> int:
    """Return the number of ascending values below ``threshold``."""
    return int(np.searchsorted(ordered, ordered.dtype.type(threshold), side="left"))


def best_threshold(cosines: Floats, same: Booleans) -> tuple[float, int]:
    """Return the threshold with the most correct decisions, and their number.

    The threshold is midway between two cosines; of several equally good ones it is the middle one.
    """
    order = np.argsort(cosines, kind="stable")
    scores, mated = cosines[order].astype(np.float64), same[order]
    correct = np.concatenate([[0], np.cumsum(~mated)]) + np.concatenate([np.cumsum(mated[::-1])[::-1], [0]])
    edges = np.concatenate([[scores[0] - 1], (scores[1:] + scores[:-1]) / 2, [scores[-1] + 1]])
    possible = np.concatenate([[True], scores[1:] > scores[:-1], [True]])
    best = int(correct[possible].max())
    (indices,) = np.nonzero(possible & (correct == best))
    return float(edges[indices[len(indices) // 2]]), best


def cross_validated_accuracy(cosines: Floats, same: Booleans, folds: Integers) -> npt.NDArray[np.float64]:
    """Return the accuracy of each fold at the best threshold of the other folds; shape (folds,)."""
    accuracies = []
    for fold in np.unique(folds):
        held_out = folds == fold
        threshold, _ = best_threshold(cosines[~held_out], same[~held_out])
        accuracies.append(float(((cosines[held_out] >= threshold) == same[held_out]).mean()))
    return np.array(accuracies)


def assign_folds(same: Booleans, count: int = 10) -> npt.NDArray[np.intp]:
    """Assign pairs to folds: mated and impostor pairs alternate through the folds in their order."""
    folds = np.empty(same.size, np.intp)
    for kind in (True, False):
        (indices,) = np.nonzero(same == kind)
        folds[indices] = np.arange(indices.size) % count
    return folds
