"""Changes of a face set, as the database reports them to an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from .predicate import FieldValue

TEMPLATE_TYPE: Final = np.dtype("<f2")
"""The type of stored templates. Half precision changes a cosine by less than 0.0005; the index scans the same numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Faces of a set that were written or deleted.

    ``seqs`` holds the sequence numbers of the faces written, shape (n,), ``templates`` their templates, shape (n, dimension),
    and ``deleted`` the sequence numbers of the faces deleted.
    """

    seqs: npt.NDArray[np.int64]
    templates: npt.NDArray[np.float16]
    external_image_ids: Sequence[str]
    fields: Sequence[Mapping[str, FieldValue]]
    deleted: npt.NDArray[np.int64]
    through: int = 0
    """Every change up to this version of the set is in these changes or in earlier ones."""

    @classmethod
    def deletions(cls, seqs: npt.NDArray[np.int64]) -> "Changes":
        """Return changes that only delete faces."""
        return cls(np.empty(0, np.int64), np.empty((0, 1), TEMPLATE_TYPE), (), (), seqs)
