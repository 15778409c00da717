"""State of a dry run of enrolment."""

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from openfrs.store.faces.changes import TEMPLATE_TYPE
from openfrs.store.index.search import distinct


class DryRun:
    """The embeddings accepted so far, used to detect later duplicates. Thread-safe."""

    def __init__(self) -> None:
        self._rows = np.empty((0, 0), np.float32)
        self._count = 0
        self._lock = threading.Lock()

    def add(self, embeddings: Sequence[npt.NDArray[np.float32]], cosine: float) -> int:
        """Accept the embeddings whose cosine to all accepted ones is below ``cosine``; return their number."""
        with self._lock:
            accepted = self._rows[: self._count]
            new = [
                position
                for position, embedding in enumerate(embeddings)
                if not self._count or float((accepted @ embedding).max()) < cosine
            ]
            kept = distinct(embeddings, new, cosine)
            for position in kept:
                self._append(embeddings[position])
        return len(kept)

    def _append(self, embedding: npt.NDArray[np.float32]) -> None:
        if self._count == len(self._rows):
            grown = np.empty((max(256, 2 * len(self._rows)), embedding.size), np.float32)
            if self._count:
                grown[: self._count] = self._rows
            self._rows = grown
        self._rows[self._count] = embedding.astype(TEMPLATE_TYPE)
        self._count += 1
