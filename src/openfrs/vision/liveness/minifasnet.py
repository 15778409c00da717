"""Presentation attack detection with a MiniFASNet and the frequency spectrum of the face.

The network detects prints and most screens. It often misses a good phone held close, because only the face is visible; the spectrum
then shows how a screen renders detail. ``scripts/train_liveness.py`` fits a logistic regression over both;
``weights/trained/liveness.json`` has its weights and accuracy.
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
"""Side of the network's input in sides of the box. Edges of paper and bezels of screens lie around the face."""

MAX_DEVIATION: Final = 4.0
"""Standard deviations at which a cue is clipped, so that an outlier cannot decide alone."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression over the network's margin and the spectrum, in that order."""

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    bias: float
    floor: float
    """Margin of the network below which a face never counts as live, regardless of its spectrum. It rejects prints."""

    @classmethod
    def read(cls, parameters: Mapping[str, Any]) -> "Logistic":
        """Create the regression from the parameters in ``trained/liveness.json``."""
        mean, deviation, weights = (np.array(parameters[name], np.float64) for name in ("mean", "deviation", "weights"))
        return cls(mean, deviation, weights, float(parameters["bias"]), float(parameters["floor"]))

    def margin(self, cues: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the log odds of a live face for cues of shape (n, 9)."""
        standardised = np.clip((cues - self.mean) / self.deviation, -MAX_DEVIATION, MAX_DEVIATION)
        return np.asarray(np.minimum(standardised @ self.weights + self.bias, cues[:, 0] - self.floor))


def sigmoid(margins: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Convert log odds to probabilities, 0..1."""
    return np.asarray(1 / (1 + np.exp(-margins)))


@cache
def trained_logistic() -> Logistic:
    """Return the regression of this release."""
    file = resources.files("openfrs.vision.weights") / "trained" / "liveness.json"
    return Logistic.read(json.loads(file.read_text("utf-8")))


def liveness(session: Session, image: Image, face: Detection) -> float:
    """Return the probability that the face is live, 0..1, given equal priors of live faces and attacks."""
    return float(sigmoid(trained_logistic().margin(liveness_cues(session, image, face)[None]))[0])


def liveness_cues(session: Session, image: Image, face: Detection) -> npt.NDArray[np.float64]:
    """Return the input of the regression, shape (9,): the network's margin, then the spectrum."""
    margin = network_margin(session, surroundings(image, face, SURROUNDINGS, SIDE))
    return np.concatenate([[margin], spectrum(image, face)])


def network_margin(session: Session, chip: Image) -> float:
    """Return the network's log odds of a live face for a chip of 128 x 128 pixels."""
    batch = np.ascontiguousarray(chip[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)
    live, *attacks = session.run(batch)[0].reshape(-1).astype(np.float64)
    return float(live - np.logaddexp.reduce(attacks))


def surroundings(image: Image, face: Detection, factor: float, side: int) -> Image:
    """Return a face with its surroundings, resized to a square of ``side`` pixels.

    The crop is ``factor`` times the box, or smaller if the image is. A crop that would extend beyond an edge is moved inside.
    """
    height, width = image.shape[:2]
    factor = min(factor, width / max(face.width, 1.0), height / max(face.height, 1.0))
    left, right = _clipped_interval(face.left + face.width / 2, face.width * factor, width)
    top, bottom = _clipped_interval(face.top + face.height / 2, face.height * factor, height)
    chip = cv2.resize(image[top:bottom, left:right], (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(chip, np.uint8)


def _clipped_interval(centre: float, length: float, limit: int) -> tuple[int, int]:
    """Return start and end of an interval of whole pixels, moved inside 0..``limit``."""
    start = min(max(centre - length / 2, 0.0), limit - min(length, limit))
    first = min(int(start), limit - 1)
    return first, min(limit, max(first + 1, round(start + length)))
