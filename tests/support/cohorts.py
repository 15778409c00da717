"""Synthetic cohorts and scales for tests of score normalisation."""

import numpy as np
import numpy.typing as npt

from openfrs.recognition.cohort import MIN_FACES, Cohort
from openfrs.recognition.scale import Scale
from openfrs.recognition.similarity import Calibration, calibration
from openfrs.store.index.scoring import Scoring

Templates = npt.NDArray[np.float32]


def unit_rows(count: int, dimension: int, seed: int, *, spread: float = 1.0) -> Templates:
    """Return random unit vectors, shape (count, dimension); the smaller the spread, the closer they lie to one direction."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(count, dimension)) * spread
    rows[:, 0] += 1 - min(spread, 1)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def make_cohort(
    dimension: int = 128,
    *,
    centroids: int = 24,
    neighbours: int = 3,
    weight: float = 0.5,
    embedder: str = "sface",
    seed: int = 0,
) -> Cohort:
    """Return a cohort of random centroids, half of which lie close together, as those of children do."""
    crowd = unit_rows(centroids // 2, dimension, seed, spread=0.05)
    others = unit_rows(centroids - centroids // 2, dimension, seed + 1)
    rows = np.concatenate([crowd, others]).astype(np.float16)
    return Cohort(embedder, "test", "random numbers", rows, np.full(centroids, MIN_FACES), neighbours, weight)


def make_scale(cohort: Cohort | None, **changes: object) -> Scale:
    """Return a scale with the calibration of ``sface``, as if it had been made with the cohort."""
    values = calibration("sface").model_dump() | {"cohort": "" if cohort is None else cohort.identity}
    if cohort is not None:
        values["embedder"] = cohort.embedder
    return Scale(Calibration.model_validate(values | changes), cohort)


def exact_rank(scoring: Scoring, template: Templates, probe: Templates) -> tuple[float, float]:
    """Return the similarity and the score of two templates of shape (dimension,), by their definition."""
    cosine = float((template.astype(np.float64) * probe.astype(np.float64)).sum())
    score = cosine + (float(scoring.biases(template[None])[0]) + float(scoring.biases(probe[None])[0]))
    return float(scoring.similarities(np.array([cosine]), np.array([score]))[0]), score
