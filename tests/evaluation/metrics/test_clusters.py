"""Clusters without small ones."""

import numpy as np
import numpy.typing as npt
import pytest

from openfrs.evaluation.metrics.clusters import centroids_of


def unit_vectors(count: int, dimension: int = 16) -> npt.NDArray[np.float32]:
    vectors = np.random.default_rng(3).normal(size=(count, dimension))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("count", [1, 7, 400])
def test_each_centroid_has_enough_vectors_behind_it(count: int) -> None:
    vectors = unit_vectors(300)
    centroids, behind = centroids_of(vectors, np.ones(300), count, 8)
    assert behind.min() >= 8
    assert behind.sum() == 300
    assert len(centroids) == len(behind) <= count
    assert np.linalg.norm(centroids, axis=1) == pytest.approx(1, abs=1e-5)
    assert (vectors @ centroids.T).max() < 0.999


def test_clusters_are_found_and_repeat_exactly() -> None:
    middles = unit_vectors(4)
    vectors = np.repeat(middles, 20, axis=0) + 0.05 * unit_vectors(80)
    vectors = np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
    centroids, _ = centroids_of(vectors, np.ones(80), 12, 8)
    assert ((centroids @ middles.T).max(axis=0) > 0.98).all()
    again, _ = centroids_of(vectors, np.ones(80), 12, 8)
    assert (again == centroids).all()


def test_too_few_vectors_are_an_error() -> None:
    with pytest.raises(ValueError, match="7 vectors"):
        centroids_of(unit_vectors(7), np.ones(7), 2, 8)
