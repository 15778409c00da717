"""Cosines of pairs of faces, and thresholds on them."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError

from .rates import Booleans, Floats, Integers

MAX_FACES: Final = 20_000
"""All pairs of more faces do not fit into the memory of an ordinary machine: four bytes a pair."""

BLOCK: Final = 512
CLOSEST: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class AllPairs:
    """Every pair of some faces.

    ``genuine`` and ``impostor`` are cosines of mated and other pairs, ``impostor`` ascending. ``first`` and ``second`` are the
    places of the mated pairs' faces; ``person`` is the number of the person of each mated pair.
    """

    genuine: npt.NDArray[np.float32]
    impostor: npt.NDArray[np.float32]
    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    person: npt.NDArray[np.intp]
    closest: list[tuple[int, int, float]]
    """Places and cosine of the :data:`CLOSEST` other pairs that are most alike, best first: where labels are wrong, they show."""


def all_pairs(rows: npt.NDArray[np.float32], people: npt.NDArray[Any]) -> AllPairs:
    """Pair unit embeddings, shape (n, dimension), of people named by ``people``, shape (n,).

    Raises:
        OperatorError: there are too many, or no mated or no other pair among them.
    """
    if len(rows) > MAX_FACES:
        raise OperatorError(
            f"all pairs of {len(rows)} faces are too many: at most {MAX_FACES} faces, or name the pairs"
        )
    _, number = np.unique(people, return_inverse=True)
    genuine, impostor, first, second = [], [], [], []
    closest: list[tuple[int, int, float]] = []
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        cosines = rows[block] @ rows[start:].T
        later = np.triu(np.ones(cosines.shape, np.bool_), 1)
        same = number[block, None] == number[None, start:]
        here, there = np.nonzero(same & later)
        genuine.append(cosines[here, there])
        first.append(here + start)
        second.append(there + start)
        impostor.append(cosines[~same & later])
        one, other = np.nonzero(~same & later)
        top = np.argsort(-impostor[-1], kind="stable")[:CLOSEST]
        closest += [(int(one[at]) + start, int(other[at]) + start, float(impostor[-1][at])) for at in top]
    pairs = AllPairs(
        np.concatenate(genuine or [np.empty(0, np.float32)]),
        np.sort(np.concatenate(impostor or [np.empty(0, np.float32)])),
        np.concatenate(first or [np.empty(0, np.intp)]),
        np.concatenate(second or [np.empty(0, np.intp)]),
        number[np.concatenate(first)] if first else np.empty(0, np.intp),
        sorted(closest, key=lambda pair: -pair[2])[:CLOSEST],
    )
    if not pairs.genuine.size or not pairs.impostor.size:
        raise OperatorError("the pictures make no pair of one person or no pair of two people")
    return pairs


def threshold_at(impostor: Floats, rate: float) -> float:
    """The smallest threshold that at most ``rate`` (0..1) of the impostors reach; they are ascending."""
    allowed = int(rate * impostor.size + 1e-9)
    if allowed >= impostor.size:
        return -1.0
    return float(np.nextafter(impostor[impostor.size - 1 - allowed], impostor.dtype.type(np.inf)))


def share_reaching(ordered: Floats, threshold: float) -> float:
    """The share of ascending values that are at least ``threshold``."""
    return (ordered.size - count_below(ordered, threshold)) / ordered.size


def count_below(ordered: Floats, threshold: float) -> int:
    """How many of ascending values are below ``threshold``."""
    return int(np.searchsorted(ordered, ordered.dtype.type(threshold), side="left"))


def best_threshold(cosines: Floats, same: Booleans) -> tuple[float, int]:
    """The threshold that judges most pairs right, and how many.

    It lies half-way between two cosines; of several stretches that are as good, the middle one is taken.
    """
    order = np.argsort(cosines, kind="stable")
    scores, mated = cosines[order].astype(np.float64), same[order]
    right = np.concatenate([[0], np.cumsum(~mated)]) + np.concatenate([np.cumsum(mated[::-1])[::-1], [0]])
    edges = np.concatenate([[scores[0] - 1], (scores[1:] + scores[:-1]) / 2, [scores[-1] + 1]])
    possible = np.concatenate([[True], scores[1:] > scores[:-1], [True]])
    best = int(right[possible].max())
    (places,) = np.nonzero(possible & (right == best))
    return float(edges[places[len(places) // 2]]), best


def tenfold(cosines: Floats, same: Booleans, folds: Integers) -> npt.NDArray[np.float64]:
    """The accuracy on each fold at the threshold that is best on all the others; shape (folds,)."""
    accuracies = []
    for fold in np.unique(folds):
        held_out = folds == fold
        threshold, _ = best_threshold(cosines[~held_out], same[~held_out])
        accuracies.append(float(((cosines[held_out] >= threshold) == same[held_out]).mean()))
    return np.array(accuracies)


def dealt_folds(same: Booleans, count: int = 10) -> npt.NDArray[np.intp]:
    """Folds for pairs that come without: mated and other pairs are dealt out in turn, in their order."""
    folds = np.empty(same.size, np.intp)
    for kind in (True, False):
        (places,) = np.nonzero(same == kind)
        folds[places] = np.arange(places.size) % count
    return folds
