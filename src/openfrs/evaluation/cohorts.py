"""Cohorts of an embedder, made from the photographs of a recipe."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from openfrs import __version__
from openfrs.core.errors import OperatorError
from openfrs.recognition.cohort import MIN_FACES, Cohort

from .datasets.recipes import Photograph, Recipe
from .metrics.clusters import centroids_of
from .runner import Face, Faces, Runner

MAX_IMPORTANCE: Final = 6.0
"""Maximum weight of a photograph of a small group, relative to the mean: a few faces do not stand for a group."""


@dataclass(frozen=True, slots=True)
class MadeCohort:
    """A cohort, and the number of photographs that were used and that show no face."""

    cohort: Cohort
    used: int
    faceless: int


def make_cohort(runner: Runner, recipe: Recipe, photographs: list[Photograph]) -> MadeCohort:
    """Make the cohort of the embedder of a runner. Groups count equally, and so do the photographs within a group.

    Raises:
        OperatorError: there are too few faces.
    """
    faces = embed_versions(runner, photographs)
    (found,) = np.nonzero(faces.has_face)
    sizes = Counter(photographs[index].group for index in found)
    importance = np.array([1 / sizes[photographs[index].group] for index in found])
    importance = np.minimum(importance / importance.mean(), MAX_IMPORTANCE) if len(found) else importance
    importance *= np.array([photographs[index].importance for index in found])
    try:
        centroids, behind = centroids_of(faces.embeddings[found], importance, recipe.centroids, MIN_FACES)
        cohort = Cohort(
            embedder=runner.embedder,
            version=__version__,
            data=f"{recipe.data}: {len(found):,} faces",
            centroids=centroids.astype(np.float16),
            faces=behind.astype(np.int32),
            neighbours=recipe.neighbours,
            weight=recipe.weights.get(runner.embedder, recipe.weight),
        )
    except ValueError as error:
        raise OperatorError(
            f"{len(found)} faces in {len(photographs)} photographs do not make a cohort: {error}"
        ) from error
    return MadeCohort(cohort, len(found), len(photographs) - len(found))


def embed_versions(runner: Runner, photographs: list[Photograph]) -> Faces:
    """Embed the main face of every photograph under its damage."""
    embeddings = np.zeros((len(photographs), runner.dimension), np.float32)
    has_face = np.zeros(len(photographs), np.bool_)
    by_damage: dict[str, list[int]] = defaultdict(list)
    for index, photograph in enumerate(photographs):
        by_damage[photograph.damage].append(index)
    for damage, indices in by_damage.items():
        paths = [photographs[index].path for index in indices]
        faces = runner.damaged_faces(paths, damage) if damage else runner.faces(paths, Face.MAIN)
        embeddings[indices], has_face[indices] = faces.embeddings, faces.has_face
    return Faces(embeddings, has_face, {})
