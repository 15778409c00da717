"""Seven facial expressions with a DenseNet-121."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from openfrs.vision.alignment import smooth_warp
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

SIDE: Final = 224

CLASSES: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Classes in the order of the network's outputs. The package does not name them; the order was found on labelled images."""


def classify_expression(session: Session, image: Image, face: Detection) -> Mapping[str, float]:
    """Return the probability of each of :data:`CLASSES`. The input is a square of the longer side of the box."""
    scale = SIDE / max(face.width, face.height, 1.0)
    centre = np.array([face.left + face.width / 2, face.top + face.height / 2])
    transform = np.column_stack([scale * np.eye(2), SIDE / 2 - scale * centre])
    chip = smooth_warp(image, transform, SIDE)
    (scores,) = session.run(np.ascontiguousarray(chip.transpose(2, 0, 1)[None], np.float32) / np.float32(255))
    exponentials = np.exp(scores.reshape(-1).astype(np.float64) - scores.max())
    return dict(zip(CLASSES, map(float, exponentials / exponentials.sum()), strict=True))
