"""Seven expressions of a face with a DenseNet-121."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from openfrs.vision.alignment import smooth_warp
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

SIDE: Final = 224

CLASSES: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""In the order of the network's outputs, found on labelled pictures: the package that carries it does not name them."""


class Expression:
    """The expression classifier. Safe to call from several threads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def measure(self, image: Image, face: Detection) -> Mapping[str, float]:
        """Probability of each of :data:`CLASSES`. The network sees a square of the box's longer side."""
        scale = SIDE / max(face.width, face.height, 1.0)
        centre = np.array([face.left + face.width / 2, face.top + face.height / 2])
        transform = np.column_stack([scale * np.eye(2), SIDE / 2 - scale * centre])
        chip = smooth_warp(image, transform, SIDE)
        (scores,) = self._session.run(np.ascontiguousarray(chip.transpose(2, 0, 1)[None], np.float32) / np.float32(255))
        powers = np.exp(scores.reshape(-1).astype(np.float64) - scores.max())
        return dict(zip(CLASSES, map(float, powers / powers.sum()), strict=True))
