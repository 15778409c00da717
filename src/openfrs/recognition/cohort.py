"""Cohorts for score normalisation: faces of other people, against which each template is compared.

Faces that an embedder cannot distinguish, such as those of small children or blurred ones, lie close together, so they also lie
close to other faces of their kind. How close a template lies to a fixed cohort therefore shows how much its cosines overstate a
match.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from openfrs.core.errors import OperatorError

MIN_FACES: Final = 8
"""Minimum number of faces behind each centroid: no centroid is the template of a person."""

BIAS_STEP: Final = 2.0**-20
"""Biases are multiples of this step, so that two numbers of half precision hold one exactly."""

_MAX_CENTROIDS: Final = 65_536
_UNIT_TOLERANCE: Final = 2e-3
_ROWS: Final = 8
"""Templates in one matrix product: the rounding of a row depends on their number, and equal templates must have equal biases."""

_CHUNK: Final = 512
"""Templates whose cosines are in memory at once; more would not fit into the processor's cache."""


class _Description(BaseModel):
    """The properties of a cohort beside its arrays."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    embedder: str
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._]{1,32}$")]
    data: str
    neighbours: Annotated[int, Field(ge=1)]
    weight: Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, eq=False)
class Cohort:
    """Centroids of the cohort of one embedder.

    Raises:
        ValueError: a property is not as documented.
    """

    embedder: str
    """Identity of the embedder, as in face sets."""

    version: str
    data: str
    """Description of the cohort's images."""

    centroids: npt.NDArray[np.floating]
    """Unit vectors, shape (centroids, dimension), in half or single precision."""

    faces: npt.NDArray[np.integer]
    """Number of faces behind each centroid, at least :data:`MIN_FACES`, shape (centroids,)."""

    neighbours: int
    """Number of nearest centroids whose mean cosine is the closeness of a template."""

    weight: float
    """Factor of the closeness in the bias of a template, 0..1."""

    def __post_init__(self) -> None:
        _Description.model_validate(self._description)
        if self.centroids.ndim != 2 or self.centroids.dtype not in (np.float16, np.float32):
            raise ValueError("centroids must be an array of shape (centroids, dimension) in half or single precision")
        if not self.neighbours <= len(self.centroids) <= _MAX_CENTROIDS:
            raise ValueError(f"there must be {self.neighbours} to {_MAX_CENTROIDS} centroids")
        norms = np.linalg.norm(self.centroids.astype(np.float64), axis=1)
        if not np.all(np.abs(norms - 1) <= _UNIT_TOLERANCE):
            raise ValueError("centroids must have length 1")
        if self.faces.shape != (len(self.centroids),) or not np.issubdtype(self.faces.dtype, np.integer):
            raise ValueError("faces must be a whole number for each centroid")
        if self.faces.min() < MIN_FACES:
            raise ValueError(f"at least {MIN_FACES} faces must stand behind each centroid")

    @property
    def dimension(self) -> int:
        """Length of the templates."""
        return int(self.centroids.shape[1])

    @cached_property
    def identity(self) -> str:
        """The version and a hash of all that decides the biases; calibrations and copies of indexes record it."""
        numbers = f"{self.embedder} {self.neighbours} {self.weight!r} {self.centroids.dtype} {self.centroids.shape}"
        digest = hashlib.sha256(numbers.encode() + np.ascontiguousarray(self.centroids).tobytes())
        return f"{self.version}-{digest.hexdigest()[:8]}"

    @cached_property
    def _transposed(self) -> npt.NDArray[np.float32]:
        return np.ascontiguousarray(self.centroids.T, np.float32)

    @property
    def _description(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _Description.model_fields}

    def biases(self, templates: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the biases of templates, unit vectors of shape (n, dimension): -``weight``..0, shape (n,).

        A bias is the negative closeness to the cohort times the weight; a template that is close to none of it has bias 0. Biases
        are multiples of :data:`BIAS_STEP`.
        """
        biases = np.empty(len(templates), np.float32)
        for start in range(0, len(templates), _CHUNK):
            rows = templates[start : start + _CHUNK]
            padded = np.zeros((-(-len(rows) // _ROWS) * _ROWS, rows.shape[1]), np.float32)
            padded[: len(rows)] = rows
            cosines = np.matmul(padded.reshape(-1, _ROWS, rows.shape[1]), self._transposed).reshape(len(padded), -1)
            cosines.partition(cosines.shape[1] - self.neighbours, axis=1)
            nearest = np.sort(cosines[: len(rows), -self.neighbours :], axis=1)
            exact = -self.weight * np.maximum(nearest.mean(axis=1, dtype=np.float64), 0)
            biases[start : start + _CHUNK] = np.round(exact / BIAS_STEP) * BIAS_STEP
        return biases

    def save(self, file: Path) -> None:
        """Write the cohort to an ``.npz`` file.

        Raises:
            OperatorError: the file cannot be written.
        """
        try:
            with file.open("wb") as stream:
                description = np.array(json.dumps(self._description))
                np.savez(stream, centroids=self.centroids, faces=self.faces, description=description)
        except OSError as error:
            raise OperatorError(f"cannot write {file}: {error.strerror}") from error


def load_cohort_file(file: Path) -> Cohort:
    """Read a cohort that :meth:`Cohort.save` wrote.

    Raises:
        OperatorError: the file is missing or not a cohort.
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            description = _Description.model_validate_json(str(arrays["description"]))
            return Cohort(**description.model_dump(), centroids=arrays["centroids"], faces=arrays["faces"])
    except OSError as error:
        raise OperatorError(f"cannot read cohort {file}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, EOFError, AttributeError, BadZipFile) as error:
        raise OperatorError(f"{file} is not a cohort; create one with openfrs eval cohort") from error
