"""Whether a face is a person's or that of a print or a screen: a MiniFASNet, and how fine detail is spread over frequencies.

The network knows paper and most screens; a good telephone held close it often lets pass, because nothing but the face is seen.
What is left there is how a screen shows detail. ``scripts/train_liveness.py`` weighs the two; ``heads/liveness.json`` holds the
weights and what was measured.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

from .spectrum import spectrum

SIDE: Final = 128

SURROUNDINGS: Final = 2.7
"""How many times the face's box the network sees: edges of paper and bezels of screens lie around the face."""

CLIPPED: Final = 4.0
"""Standard deviations beyond which a cue says no more: what never was seen must not decide alone."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """A logistic regression over the network's margin and the spectrum, in that order."""

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    bias: float
    floor: float
    """The margin of the network below which a face is never alive, whatever its spectrum: so prints stay out."""

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Weighing":
        """From the numbers of ``heads/liveness.json``."""
        mean, deviation, weights = (np.array(told[name], np.float64) for name in ("mean", "deviation", "weights"))
        return cls(mean, deviation, weights, float(told["bias"]), float(told["floor"]))

    def margin(self, cues: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """How far on the side of the living, for cues of shape (n, 9): 0 is the boundary, log odds above and below."""
        steps = np.clip((cues - self.mean) / self.deviation, -CLIPPED, CLIPPED)
        return np.asarray(np.minimum(steps @ self.weights + self.bias, cues[:, 0] - self.floor))


def chance(margins: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The probabilities, 0..1, that log odds stand for."""
    return np.asarray(1 / (1 + np.exp(-margins)))


@cache
def weighing() -> Weighing:
    """That of this release."""
    return Weighing.read(
        json.loads((resources.files("openfrs.vision.weights") / "trained" / "liveness.json").read_text("utf-8"))
    )


class Liveness:
    """Tells live faces from shown ones. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def measure(self, image: Image, face: Detection) -> float:
        """Probability that the face is live, 0..1, live people and attacks being as many."""
        return float(chance(weighing().margin(self.cues(image, face)[None]))[0])

    def cues(self, image: Image, face: Detection) -> npt.NDArray[np.float64]:
        """What is weighed, shape (9,): the network's margin, then the spectrum."""
        return np.concatenate([[self.margin(surroundings(image, face, SURROUNDINGS, SIDE))], spectrum(image, face)])

    def margin(self, chip: Image) -> float:
        """Log odds of a live face, as the network alone sees it in a chip of 128 x 128."""
        batch = np.ascontiguousarray(chip[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)
        live, *shown = self._session.run(batch)[0].reshape(-1).astype(np.float64)
        return float(live - np.logaddexp.reduce(shown))


def surroundings(image: Image, face: Detection, times: float, side: int) -> Image:
    """A face with what is around it, stretched to a square of ``side`` pixels.

    As much as ``times`` the box, less where the picture is smaller; what would reach beyond an edge is moved inside.
    """
    height, width = image.shape[:2]
    times = min(times, width / max(face.width, 1.0), height / max(face.height, 1.0))
    left, right = _inside(face.left + face.width / 2, face.width * times, width)
    top, bottom = _inside(face.top + face.height / 2, face.height * times, height)
    chip = cv2.resize(image[top:bottom, left:right], (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(chip, np.uint8)


def _inside(centre: float, length: float, limit: int) -> tuple[int, int]:
    start = min(max(centre - length / 2, 0.0), limit - min(length, limit))
    first = min(int(start), limit - 1)
    return first, min(limit, max(first + 1, round(start + length)))
