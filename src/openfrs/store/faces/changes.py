"""What the index learns from the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from .predicate import FieldValue

TEMPLATE_TYPE: Final = np.dtype("<f2")
"""A template is kept in half precision, which moves a cosine by less than 0.0005; the index scans the very same numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Faces of a set that were written or deleted.

    ``seqs`` holds the sequence numbers of the written ones, shape (n,), the other four their templates, shape
    (n, dimension), and fields; ``deleted`` the sequence numbers of the others.
    """

    seqs: npt.NDArray[np.int64]
    templates: npt.NDArray[np.float16]
    external_image_ids: Sequence[str]
    fields: Sequence[Mapping[str, FieldValue]]
    deleted: npt.NDArray[np.int64]
    through: int = 0
    """No change of this version of the set, or of one before, is still to come after these."""

    @classmethod
    def deletions(cls, seqs: npt.NDArray[np.int64]) -> "Changes":
        """Faces that were deleted, and nothing else."""
        return cls(np.empty(0, np.int64), np.empty((0, 1), TEMPLATE_TYPE), (), (), seqs)
