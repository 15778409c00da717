"""Clusters of unit vectors in which no cluster is small: means of them reveal no single vector."""

from typing import Final

import numpy as np
import numpy.typing as npt

ROUNDS: Final = 30
"""Rounds in which centroids move; in later ones small clusters are dissolved."""

SETTLED: Final = 10
"""Rounds before small clusters are dissolved."""


def centroids_of(
    vectors: npt.NDArray[np.float32], weights: npt.NDArray[np.float64], count: int, least: int, seed: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return unit centroids of spherical k-means, shape (n, dimension), and the number of vectors behind each.

    ``vectors`` are unit vectors of shape (m, dimension) with ``weights`` of shape (m,): a heavy vector is more likely a first
    centroid and counts more in the mean. There are at most ``count`` clusters; one with fewer vectors than ``least`` is dissolved.

    Raises:
        ValueError: there are fewer vectors than ``least``.
    """
    if len(vectors) < least:
        raise ValueError(f"{len(vectors)} vectors are fewer than {least}")
    random = np.random.default_rng(seed)
    chosen = random.choice(len(vectors), min(count, len(vectors)), replace=False, p=weights / weights.sum())
    centroids = vectors[np.sort(chosen)].copy()
    for turn in range(ROUNDS):
        centroids, nearest = _without_small(vectors, centroids, least if turn >= SETTLED else 1)
        sums = np.zeros(centroids.shape, np.float64)
        np.add.at(sums, nearest, vectors * weights[:, None])
        centroids = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
    centroids, nearest = _without_small(vectors, centroids, least)
    return centroids, np.bincount(nearest, minlength=len(centroids))


def _without_small(
    vectors: npt.NDArray[np.float32], centroids: npt.NDArray[np.float32], least: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """Drop the smallest clusters until none has fewer vectors than ``least``; also return the nearest centroid of each vector."""
    while True:
        nearest = (vectors @ centroids.T).argmax(axis=1)
        sizes = np.bincount(nearest, minlength=len(centroids))
        if sizes.min() >= least:
            return centroids, nearest
        larger = sizes > sizes.min()
        centroids = centroids[larger] if larger.any() else centroids[1:]
