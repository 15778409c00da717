"""The false positive identification rate of a face set: how often a search for a stranger names somebody in it.

It is measured on the set itself: for one face of each person, the highest similarity to a face of another person is what a search
for a stranger would find. Where few or no such similarities reach a threshold, the calibration's false match rate decides.
"""

import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.similarity import DECIMALS, Calibration, rounded
from openfrs.store.faces.models import FaceSet
from openfrs.store.index.search import Galleries

from .errors import translated_errors
from .face_sets import FaceSets

MAX_PROBES: Final = 1000
"""Maximum number of people whose faces are searched for in the others."""

MAX_SECONDS: Final = 2.0
"""Time after which no further face is searched for. One search of a million faces takes about 0.05 s."""

PRIOR_PROBES: Final = 200
"""Weight of the calibration in searches. On galleries of 100 to 900 people of LFW it was best of 0, 50, 100 and 200: small sets
have few searches, and large ones outweigh it."""

GROWTH: Final = 0.1
"""Change in the number of faces, as a share, after which a set is measured again."""

REPORTED_RATES: Final = (0.01, 0.001)
"""False positive identification rates whose thresholds are reported."""

_MAX_CACHED: Final = 256


@dataclass(frozen=True, slots=True)
class Risk:
    """The false positive identification rate of a face set by threshold."""

    faces: int
    best_impostors: Sequence[float]
    """Highest similarity of each probe to a face of another person, 0..1, ascending."""

    calibration: Calibration

    @property
    def probes(self) -> int:
        """Number of people whose faces were searched for."""
        return len(self.best_impostors)

    def rate(self, threshold: float) -> float:
        """Return the false positive identification rate, 0..1, of a search with a similarity threshold, 0..1."""
        if not self.faces:
            return 0.0
        found = self.probes - bisect_left(self.best_impostors, threshold)
        expected = 1 - (1 - self.calibration.false_match_rate(threshold)) ** self.faces
        return (found + PRIOR_PROBES * expected) / (self.probes + PRIOR_PROBES)

    def threshold(self, rate: float) -> float | None:
        """Return the lowest similarity threshold with at most a false positive identification rate; None if there is none."""
        steps = range(10**DECIMALS + 1)
        step = bisect_left(steps, -rate, key=lambda step: -self.rate(step / 10**DECIMALS))
        return None if step == len(steps) else step / 10**DECIMALS


class Risks:
    """Measures the risk of searches in face sets, and measures again as they grow."""

    def __init__(self, face_sets: FaceSets, galleries: Galleries, recognizer: Recognizer) -> None:
        self._face_sets = face_sets
        self._galleries = galleries
        self._recognizer = recognizer
        self._measured: dict[int, Risk] = {}  # the oldest first
        self._lock = threading.Lock()

    def of_set(self, project_id: str, set_name: str) -> Risk:
        """Return the risk of a face set; blocks for up to about :data:`MAX_SECONDS` if it has to be measured.

        Raises:
            ServiceError: ``FRS.0302``
        """
        face_set = self._face_sets.require_usable(project_id, set_name)
        risk = self._measured.get(face_set.id)
        if risk is None or abs(face_set.face_number - risk.faces) > GROWTH * risk.faces:
            with translated_errors(set_name):
                risk = self._measure(face_set)
            self._keep(face_set.id, risk)
        return risk

    def _keep(self, set_id: int, risk: Risk) -> None:
        with self._lock:
            self._measured.pop(set_id, None)
            self._measured[set_id] = risk
            if len(self._measured) > _MAX_CACHED:
                del self._measured[next(iter(self._measured))]

    def _measure(self, face_set: FaceSet) -> Risk:
        best = self._galleries.best_impostors(face_set.id, MAX_PROBES, MAX_SECONDS)
        return Risk(face_set.face_number, sorted(map(rounded, best)), self._recognizer.scale.calibration)
