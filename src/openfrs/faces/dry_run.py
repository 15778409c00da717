"""State of a dry run of enrolment."""

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.index.flat import TemplateIndex
from openfrs.store.index.scoring import Scoring
from openfrs.store.index.search import distinct


class DryRun:
    """The embeddings accepted so far, used to detect later duplicates. Thread-safe."""

    def __init__(self, scoring: Scoring) -> None:
        self._scoring = scoring
        self._accepted = TemplateIndex({}, scoring)
        self._lock = threading.Lock()

    def add(self, embeddings: Sequence[npt.NDArray[np.float32]], similarity: float) -> int:
        """Accept the embeddings whose similarity to all accepted ones is below a limit; return their number."""
        with self._lock:
            new = [
                position
                for position, embedding in enumerate(embeddings)
                if not np.any(self._accepted.nearest(embedding, 1).similarities >= similarity)
            ]
            kept = distinct(embeddings, new, similarity, self._scoring)
            if kept:
                first, count = len(self._accepted), len(kept)
                rows = np.array([embeddings[position] for position in kept]).astype(TEMPLATE_TYPE)
                seqs, deleted = np.arange(first, first + count), np.empty(0, np.int64)
                self._accepted.apply(Changes(seqs, rows, [""] * count, [{}] * count, deleted))
        return len(kept)
