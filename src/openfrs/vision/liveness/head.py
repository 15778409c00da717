"""Presentation attack detection on a single image: a logistic regression over three kinds of cues.

A MiniFASNet detects prints and most screens. It often misses a good phone held close, because only the face is visible; the
spectrum then shows how a screen renders detail. The surroundings show edges of screens and hands that hold them, and whether face
and background share light and sharpness. ``scripts/train_liveness.py`` fits the regression; ``weights/trained/liveness.json`` has
its weights.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

from .context import context
from .minifasnet import SIDE, network_margin, surroundings
from .spectrum import spectrum

CROPS: Final = (2.7, 4.5)
"""Sides of the network's inputs in sides of the box. It was trained with the first; the second shows more of the scene."""

MAX_DEVIATION: Final = 4.0
"""Standard deviations at which a cue is clipped, so that an outlier cannot decide alone."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression over the cues of :func:`liveness_cues`."""

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    bias: float
    floor: float
    """Margin of the network below which a face never counts as live, whatever the other cues are. It rejects prints."""

    @classmethod
    def read(cls, parameters: Mapping[str, Any]) -> "Logistic":
        """Create the regression from the parameters in ``trained/liveness.json``."""
        mean, deviation, weights = (np.array(parameters[name], np.float64) for name in ("mean", "deviation", "weights"))
        return cls(mean, deviation, weights, float(parameters["bias"]), float(parameters["floor"]))

    def margin(self, cues: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the log odds of a live face for cues of shape (n, cues)."""
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
    """Return the input of the regression, shape (23,): the network's margin at each crop, the spectrum and the context."""
    margins = [network_margin(session, surroundings(image, face, factor, SIDE)) for factor in CROPS]
    return np.concatenate([margins, spectrum(image, face), context(image, face)])
